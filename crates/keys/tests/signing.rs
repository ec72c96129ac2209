//! A sequencer whose keys and whose records are sealed: it needs to know neither.

mod common;

use std::sync::Arc;

use common::World;
use keys::{Key, KeyError, Purpose, SealedKeys, Sealer};
use sequencer::storage::Storage;
use sequencer::storage::simulated::{Loss, Simulated};
use sequencer::{Core, KeyFolder, Keys, Options, Request, RequestId, SealedBatch, StoredBatch, WalOptions};
use stdx::FixedClock;
use tlog::Hash;

const ORIGIN: &str = "vault.example/contoso";
const PAYLOAD: &[u8] = b"anna@contoso.com signed in from 203.0.113.7";

fn start(disk: &Simulated, keys: &SealedKeys) -> (Core, Vec<StoredBatch>) {
    let (clock, mut stored) = (Arc::new(FixedClock(639_000_000_000_000_000)), Vec::new());
    let wal = WalOptions { segment_bytes: 64 << 10, segments_max: 6 };
    let options = Options { wal, ..Options::default() };
    let opened = Core::open(Arc::new(disk.clone()), clock, Box::new(keys.clone()), options, |batch| stored.push(batch));
    let (core, _) = opened.expect("a core");
    (core, stored)
}

/// Data is named by what its batch is known by before it has a number.
fn object(table: &str, root: &Hash, what: &str) -> String {
    format!("wal/{table}/{root}/{what}")
}

fn batch(sealer: &Sealer) -> SealedBatch {
    let root = Hash::of(b"root");
    let sealed = |what: &str, contents: &[u8]| {
        let mut bytes = contents.to_vec();
        sealer.seal(Purpose::Wal, &object("SigninLogs", &root, what), &mut bytes).expect("sealed");
        bytes
    };
    SealedBatch {
        workspace: "contoso".to_string(),
        table: "SigninLogs".to_string(),
        request: Some(RequestId { id: [9; 16], content: [7; 16] }),
        schema_id: 1,
        schema_hash: Hash::of(b"schema"),
        count: 1,
        root,
        leaf_material: sealed("leaves", b"seeds of contoso"),
        payload: sealed("records", PAYLOAD),
    }
}

/// Whether a text is in any file of the write-ahead log.
fn shows(disk: &Simulated, text: &[u8]) -> bool {
    let names = disk.list("wal").expect("names");
    assert!(!names.is_empty());
    let files = names.iter().map(|name| disk.read(&format!("wal/{name}")).expect("read").expect("a file"));
    files.into_iter().any(|file| file.windows(text.len()).any(|window| window == text))
}

#[test]
fn a_sequencer_signs_with_sealed_keys_and_keeps_sealed_records() {
    let world = World::new(1);
    let open = world.open();
    let keys = SealedKeys::new(open.store.clone());
    keys.create("contoso", ORIGIN, &Key::from_bytes([3; 32])).expect("a key");
    let sealer = open.store.sealer("contoso").expect("keys");
    let disk = Simulated::new(1);
    let (mut core, _) = start(&disk, &keys);
    let receipt = core.commit(vec![Request::Batch(batch(&sealer))]).remove(0).expect("a receipt");
    // Sealed once more the bytes differ, and it is the same batch.
    let again = core.commit(vec![Request::Batch(batch(&sealer))]).remove(0).expect("a receipt");
    assert_eq!(again, receipt);
    drop(core);
    disk.restart(Loss::Power);
    assert!(!shows(&disk, b"anna@contoso.com") && !shows(&disk, b"seeds of contoso") && shows(&disk, b"SigninLogs"));
    let (core, mut stored) = start(&disk, &keys);
    assert_eq!((core.stopped(), stored.len()), (None, 1));
    let mut stored = stored.remove(0);
    let root = stored.batch.root;
    sealer.open(Purpose::Wal, &object("SigninLogs", &root, "records"), &mut stored.payload).expect("opened");
    sealer.open(Purpose::Wal, &object("SigninLogs", &root, "leaves"), &mut stored.leaf_material).expect("opened");
    assert_eq!((stored.payload.as_slice(), stored.leaf_material.as_slice()), (PAYLOAD, &b"seeds of contoso"[..]));
}

#[test]
fn signing_keys_go_along_with_their_epoch() {
    let world = World::new(1);
    let open = world.open();
    let keys = SealedKeys::new(open.store.clone());
    let key = keys.create("contoso", ORIGIN, &Key::from_bytes([3; 32])).expect("a key");
    assert_eq!(keys.reseal("contoso").expect("resealed"), 0);
    open.store.new_epoch("contoso", Purpose::Signing).expect("an epoch");
    assert_eq!(keys.reseal("contoso").expect("resealed"), 1);
    open.store.destroy_epoch("contoso", Purpose::Signing, 1).expect("destroyed");
    let found = keys.open_all("contoso").expect("keys");
    assert!(found.iter().map(tlog::note::Signer::verifier).eq([&key]));
    open.store.destroy_workspace("contoso").expect("destroyed");
    let why = keys.signers("contoso").err().expect("no keys");
    assert!(why.contains("epoch 2 of the signing keys of the workspace `contoso` has been destroyed"), "{why}");
    assert!(keys.signers("fabrikam").is_err_and(|why| why == "the workspace `fabrikam` has no signing keys"));
}

#[test]
fn a_plain_key_is_not_used_where_keys_are_sealed_nor_the_other_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = KeyFolder::new(folder.path());
    let key = plain.create("contoso", ORIGIN, &[3; 32]).expect("a key");
    let world = World::new(1);
    let open = world.open();
    let keys = SealedKeys::new(open.store.clone());
    let path = format!("contoso/{:08x}.key", key.id());
    let bytes = std::fs::read(folder.path().join(&path)).expect("a file");
    world.disk.write(&path, &bytes).expect("written");
    assert!(matches!(keys.open_all("contoso"), Err(KeyError::NotSealed { .. })));
    world.disk.remove(&path).expect("removed");
    keys.create("contoso", ORIGIN, &Key::from_bytes([3; 32])).expect("a key");
    let sealed = world.disk.read(&path).expect("read").expect("a file");
    std::fs::write(folder.path().join(&path), sealed).expect("written");
    assert!(plain.signers("contoso").is_err_and(|why| why.contains("not a key file")));
    // A key does not open under another's name, or for another workspace.
    let sealed = world.disk.read(&path).expect("read").expect("a file");
    world.disk.write("fabrikam/00000000.key", &sealed).expect("written");
    assert!(matches!(keys.open_all("fabrikam"), Err(KeyError::NotAuthentic { .. })));
}
