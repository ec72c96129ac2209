//! Every flipped bit of every file of keys, and of what they sealed, is found.

mod common;

use common::{WORDS, World, flip_every_bit, passphrase};
use keys::{Key, KeyError, Mode, PassphraseBackend, Purpose, SealedKeys, settle};
use sequencer::storage::Storage;

#[test]
fn every_flipped_bit_of_the_root_file_is_found() {
    let world = World::new(1);
    drop(world.open());
    let path = "root.0000000001";
    let bytes = world.disk.read(path).expect("read").expect("a file");
    let id = settle(&world.disk, Mode::Encrypted, world.entropy.as_ref()).expect("a store").expect("a name");
    flip_every_bit(&bytes, |bit, flipped| {
        // The upper bytes of how much memory a try takes: more than the bound is refused, and less may be gigabytes.
        if bit / 8 == 19 {
            return;
        }
        world.disk.write(path, &flipped).expect("written");
        let found = PassphraseBackend::open(
            std::sync::Arc::new(world.disk.clone()),
            id,
            &passphrase(WORDS),
            world.entropy.clone(),
        );
        assert!(found.is_err(), "bit {bit}");
    });
}

#[test]
fn every_flipped_bit_of_a_ring_is_found() {
    let world = World::new(1);
    drop(world.open());
    let path = "contoso/ring.0000000001";
    let bytes = world.disk.read(path).expect("read").expect("a file");
    let backend = world.backend(WORDS).expect("a backend");
    flip_every_bit(&bytes, |bit, flipped| {
        world.disk.write(path, &flipped).expect("written");
        let (store, unusable) = keys::KeyStore::open(world.around(backend.clone())).expect("a store");
        assert_eq!(unusable.len(), 1, "bit {bit}");
        assert!(store.sealer("contoso").is_err() && store.sealer("fabrikam").is_ok(), "bit {bit}");
    });
}

#[test]
fn every_flipped_bit_of_the_mode_stops_the_start() {
    let world = World::new(1);
    drop(world.open());
    let bytes = world.disk.read(keys::MODE_FILE).expect("read").expect("a file");
    flip_every_bit(&bytes, |bit, flipped| {
        world.disk.write(keys::MODE_FILE, &flipped).expect("written");
        assert!(world.open_with(WORDS).is_err(), "bit {bit}");
    });
    world.disk.remove(keys::MODE_FILE).expect("removed");
    assert!(world.open_with(WORDS).is_err(), "a store does not forget that it is encrypted");
}

#[test]
fn every_flipped_bit_of_a_signing_key_is_found() {
    let world = World::new(1);
    let open = world.open();
    let keys = SealedKeys::new(open.store.clone());
    let key = keys.create("contoso", "vault.example/contoso", &Key::from_bytes([3; 32])).expect("a key");
    let path = format!("contoso/{:08x}.key", key.id());
    let bytes = world.disk.read(&path).expect("read").expect("a file");
    flip_every_bit(&bytes, |bit, flipped| {
        world.disk.write(&path, &flipped).expect("written");
        assert!(keys.open_all("contoso").is_err(), "bit {bit}");
    });
}

#[test]
fn every_flipped_bit_of_a_blob_or_a_file_is_found() {
    let world = World::new(1);
    let open = world.open();
    let sealer = open.store.sealer("contoso").expect("keys");
    let mut blob = b"contents".to_vec();
    sealer.seal(Purpose::Wal, "1", &mut blob).expect("sealed");
    flip_every_bit(&blob, |bit, mut flipped| {
        assert!(sealer.open(Purpose::Wal, "1", &mut flipped).is_err(), "bit {bit}");
    });
    let contents = [5; 2100];
    let mut stream = sealer.seal_stream(Purpose::Extents, "1", 2048, Vec::new()).expect("a stream");
    std::io::Write::write_all(&mut stream, &contents).expect("written");
    let file = stream.finish().expect("finished");
    let read_all = |file: &[u8]| -> Result<Vec<u8>, KeyError> {
        let read = |range: std::ops::Range<u64>| Ok(file[range.start as usize..range.end as usize].to_vec());
        let stream = sealer.open_stream(Purpose::Extents, "1", file.len() as u64, read)?;
        stream.read(0..stream.len(), read)
    };
    assert_eq!(read_all(&file).expect("read"), contents);
    flip_every_bit(&file, |bit, flipped| assert!(read_all(&flipped).is_err(), "bit {bit}"));
}
