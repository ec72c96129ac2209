//! What two other implementations of the same formats say: the crates `signed_note` and `tlog_tiles`.

mod common;

use common::Vault;
use signed_note::{StandardVerifier, VerifierList};
use tlog::note::{Signer, VerifierKey};
use tlog::tile::{Tile, TileWriter, entry_bundle, tiles_for_growth};
use tlog::tree::{MemoryTree, consistency_proof, inclusion_proof};
use tlog::{Checkpoint, Hash};
use tlog_tiles::HashReader;

/// Every hash that the other implementation stores, in its order.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}\n").into_bytes()
}

fn theirs(n: u64) -> Stored {
    let mut stored = Stored(Vec::new());
    for number in 0..n {
        let hashes = tlog_tiles::stored_hashes(number, &entry(number), &stored).expect("they hash");
        stored.0.extend(hashes);
    }
    stored
}

fn same(ours: &[Hash], theirs: &[tlog_tiles::Hash]) -> bool {
    ours.iter().map(|hash| hash.0).eq(theirs.iter().map(|hash| hash.0))
}

#[test]
fn trees_proofs_and_tiles_are_the_same() {
    const SIZE: u64 = 600;
    let stored = theirs(SIZE);
    let tree: MemoryTree = (0..SIZE).map(|number| Hash::leaf(&entry(number))).collect();
    for size in [1, 2, 3, 255, 256, 257, 511, 600] {
        let root = tlog_tiles::tree_hash(size, &stored).expect("they hash");
        assert_eq!(tlog::tree::root(&tree, size), Ok(Hash(root.0)));
        for index in [0, 1, size / 2, size - 1] {
            let index = index.min(size - 1);
            let proof = tlog_tiles::prove_record(size, index, &stored).expect("they prove");
            let Ok(ours) = inclusion_proof(&tree, index, size);
            assert!(same(&ours, &proof), "{index} of {size}");
        }
        for old in [1, size / 3, size - 1, size] {
            let old = old.max(1);
            let proof = tlog_tiles::prove_tree(size, old, &stored).expect("they prove");
            let Ok(ours) = consistency_proof(&tree, old, size);
            assert!(same(&ours, &proof), "{old} of {size}");
        }
    }
    let mut writer = TileWriter::new();
    (0..SIZE).for_each(|number| writer.append(Hash::leaf(&entry(number))));
    for data in writer.take_tiles() {
        let tile = data.tile;
        let other = tlog_tiles::Tile::new(8, tile.level(), tile.index(), tile.width().into(), false);
        assert_eq!(other.read_data(&stored).expect("they read"), data.bytes);
    }
}

#[test]
fn growth_and_paths_are_the_same() {
    for (old, new) in [(0, 1), (0, 70_000), (255, 256), (256, 257), (1000, 300_000), (65_535, 65_537), (7, 7)] {
        let theirs = tlog_tiles::Tile::new_tiles(8, old, new);
        let ours = tiles_for_growth(old, new);
        let places: Vec<_> = theirs.iter().map(|t| (t.level(), t.level_index(), t.width())).collect();
        let own: Vec<_> = ours.iter().map(|t| (t.level(), t.index(), u32::from(t.width()))).collect();
        assert_eq!(own, places, "{old} to {new}");
    }
    // Theirs are paths of Go's checksum database, which have the tile's height in them.
    for (level, index, width) in [(0, 0, 256), (1, 1_234_067, 256), (3, 1000, 17)] {
        let path = tlog_tiles::Tile::new(8, level, index, width, false).path();
        let ours = Tile::new(level, index, width as u16).expect("a tile").path();
        assert_eq!(ours, path.replacen("tile/8/", "tile/", 1));
    }
    let bundle = entry_bundle([&b"ab"[..], b""]).expect("short enough");
    assert_eq!(bundle, [0, 2, b'a', b'b', 0, 0]);
}

#[test]
fn checkpoints_are_accepted_and_cosignatures_passed_over() {
    let vault = Vault::new();
    let note = vault.checkpoint(9);
    let bytes = note.to_text().into_bytes();
    let read = signed_note::Note::from_bytes(&bytes).expect("they read it");
    assert_eq!(read.text(), note.text.as_bytes());
    let verifier = StandardVerifier::new(&vault.log.verifier().to_string()).expect("they read the key");
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let (verified, passed_over) = read.verify(&known).expect("they verify it");
    assert_eq!((verified.len(), passed_over.len()), (1, 2));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text.as_bytes()).expect("they read it");
    let ours = Checkpoint::parse(&note.text).expect("we read it");
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ours.origin.as_str(), ours.size, ours.root.0));
}

#[test]
fn notes_that_they_sign_are_accepted() {
    let ours = Signer::log("log.example/1", &[5; 32]).expect("a key");
    assert_eq!(ours.verifier().id(), signed_note::key_id("log.example/1", &[&[1], ours.verifier().public()].concat()));
    let key = VerifierKey::parse(&ours.verifier().to_string()).expect("a key");
    // Their private key form: algorithm and seed in base 64.
    let secret = [&[1][..], &[5; 32]].concat();
    let secret = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, secret);
    let skey = format!("PRIVATE+KEY+log.example/1+{:08x}+{secret}", key.id());
    let signer = signed_note::StandardSigner::new(&skey).expect("they read the key");
    let mut note = signed_note::Note::new(b"text\n", &[]).expect("a text");
    note.add_sigs(&[&signer]).expect("they sign");
    let read = tlog::note::SignedNote::parse(&note.to_bytes()).expect("we read it");
    assert!(read.signatures[0].verify(&read.text, &key).is_some());
    assert_eq!(read.signatures[0], ours.sign("text\n", 0));
}
