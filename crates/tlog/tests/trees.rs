//! Trees, tiles and proofs against a naive tree written straight from RFC 6962.

use std::collections::BTreeMap;

use proptest::collection::btree_set;
use proptest::prelude::*;
use tlog::tile::{
    Tile, TileReader, TileWriter, tiles_for_consistency, tiles_for_edge, tiles_for_growth, tiles_for_inclusion,
    tiles_for_root,
};
use tlog::tree::{
    MemoryTree, TreeBuilder, consistency_proof, inclusion_proof, root, subset_proof, subset_root, verify_consistency,
    verify_inclusion,
};
use tlog::{Hash, ProofError};

fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|number| Hash::leaf(&number.to_be_bytes())).collect()
}

/// MTH of RFC 6962, section 2.1.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::of(&[&[1][..], &naive_root(left).0, &naive_root(right).0].concat())
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - left.len(), right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn naive_subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if old <= left.len() {
        (naive_subproof(old, left, is_whole), naive_root(right))
    } else {
        (naive_subproof(old - left.len(), right, false), naive_root(left))
    };
    proof.push(sibling);
    proof
}

#[test]
fn small_trees_are_the_naive_ones() {
    let all = leaves(70);
    for size in 0..=70usize {
        let tree: MemoryTree = all[..size].iter().copied().collect();
        let expected = naive_root(&all[..size]);
        assert_eq!(tree.root(), expected);
        assert_eq!(root(&tree, size as u64), Ok(expected));
        for index in 0..size {
            let Ok(proof) = inclusion_proof(&tree, index as u64, size as u64);
            assert_eq!(proof, naive_path(index, &all[..size]), "{index} of {size}");
            assert_eq!(verify_inclusion(&all[index], index as u64, size as u64, &proof, &expected), Ok(()));
        }
        for old in 0..=size {
            let Ok(proof) = consistency_proof(&tree, old as u64, size as u64);
            let naive = if old == 0 { Vec::new() } else { naive_subproof(old, &all[..size], true) };
            assert_eq!(proof, naive, "{old} of {size}");
            let old_root = naive_root(&all[..old]);
            assert_eq!(verify_consistency(old as u64, size as u64, &proof, &old_root, &expected), Ok(()));
        }
    }
}

/// A log as a folder of tiles, written in steps and taken up again between them.
fn written(sizes: &[u64]) -> (BTreeMap<Tile, Vec<u8>>, TileWriter) {
    let mut tiles = BTreeMap::new();
    let mut writer = TileWriter::new();
    for size in sizes {
        let before = writer.size();
        for leaf in leaves(*size).into_iter().skip(before as usize) {
            writer.append(leaf);
        }
        let data = writer.take_tiles();
        let names: Vec<Tile> = data.iter().map(|data| data.tile).collect();
        let mut expected = tiles_for_growth(before, *size);
        expected.sort();
        assert_eq!(names, expected, "{before} to {size}");
        tiles.extend(data.into_iter().map(|data| (data.tile, data.bytes)));
        let resumed = TileWriter::resume(*size, &tiles).expect("the edge is there");
        assert_eq!(resumed.root(), writer.root());
        writer = resumed;
    }
    (tiles, writer)
}

#[test]
fn a_log_of_seventy_thousand_is_written_and_read() {
    let sizes = [1, 255, 256, 257, 1000, 65_536, 65_600, 70_000];
    let (tiles, writer) = written(&sizes);
    let mut builder = TreeBuilder::new();
    builder.extend(leaves(70_000));
    let expected = builder.root();
    assert_eq!(writer.root(), expected);
    let reader = TileReader { source: tiles.clone(), size: 70_000 };
    assert_eq!(root(&reader, 70_000), Ok(expected));
    for old in sizes {
        let mut builder = TreeBuilder::new();
        builder.extend(leaves(old));
        let proof = consistency_proof(&reader, old, 70_000).expect("all tiles are there");
        assert_eq!(verify_consistency(old, 70_000, &proof, &builder.root(), &expected), Ok(()));
        // The tiles that are said to be enough are enough.
        let needed = tiles_for_consistency(old, 70_000);
        let some = tiles.iter().filter(|(tile, _)| needed.contains(tile)).map(|(tile, bytes)| (*tile, bytes.clone()));
        let few = TileReader { source: some.collect::<BTreeMap<_, _>>(), size: 70_000 };
        assert_eq!(consistency_proof(&few, old, 70_000), Ok(proof));
    }
    let needed = tiles_for_inclusion(69_999, 70_000);
    assert!(needed.len() < 5);
    for tile in &needed {
        let mut few = tiles.clone();
        few.remove(tile);
        let reader = TileReader { source: few, size: 70_000 };
        assert!(inclusion_proof(&reader, 69_999, 70_000).is_err());
    }
    assert!(tiles_for_root(70_000).iter().all(|tile| tiles.contains_key(tile)));
    assert!(tiles_for_edge(70_000).iter().all(|tile| !tile.is_full() && tiles.contains_key(tile)));
}

#[test]
fn proofs_of_huge_trees_are_bounded() {
    struct Anything;
    impl tlog::tree::Subtrees for Anything {
        type Error = std::convert::Infallible;
        fn subtree(&self, subtree: tlog::tree::Subtree) -> Result<Hash, Self::Error> {
            Ok(Hash::of(&[&[subtree.level][..], &subtree.index.to_be_bytes()].concat()))
        }
    }
    for size in [u64::MAX, 1 << 63, (1 << 63) + 1] {
        let Ok(proof) = inclusion_proof(&Anything, size - 1, size);
        assert!(proof.len() <= 64);
        let leaf = Hash::leaf(b"");
        assert!(tlog::tree::inclusion_root(&leaf, size - 1, size, &proof).is_ok());
        let Ok(proof) = consistency_proof(&Anything, size / 3, size);
        assert!(proof.len() <= 65);
        let Ok(hashes) = subset_proof(&Anything, size, &[0, size / 2, size - 1]);
        assert!(hashes.len() <= 192);
        assert!(subset_root(size, &[(0, leaf), (size / 2, leaf), (size - 1, leaf)], &hashes).is_ok());
    }
    assert_eq!(tiles_for_growth(u64::MAX - 1, u64::MAX).len(), 1);
    assert!(tiles_for_edge(u64::MAX).len() == 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_set_of_leaves_is_proved(size in 1u64..200, positions in btree_set(0u64..200, 0..20)) {
        let all = leaves(size);
        let tree: MemoryTree = all.iter().copied().collect();
        let positions: Vec<u64> = positions.into_iter().filter(|position| *position < size).collect();
        let Ok(proof) = subset_proof(&tree, size, &positions);
        let chosen: Vec<(u64, Hash)> = positions.iter().map(|position| (*position, all[*position as usize])).collect();
        prop_assert_eq!(subset_root(size, &chosen, &proof), Ok(naive_root(&all)));
        if let [position] = positions.as_slice() {
            let Ok(mut path) = inclusion_proof(&tree, *position, size);
            let mut hashes = proof.clone();
            path.sort();
            hashes.sort();
            prop_assert_eq!(path, hashes);
        }
        // One hash more or less, or another leaf, does not lead to the root.
        let mut longer = proof.clone();
        longer.push(all[0]);
        prop_assert_eq!(subset_root(size, &chosen, &longer), Err(ProofError::Length));
        if !proof.is_empty() {
            prop_assert_eq!(subset_root(size, &chosen, &proof[1..]), Err(ProofError::Length));
        }
        for idx in 0..chosen.len() {
            let mut other = chosen.clone();
            other[idx].1 = Hash::leaf(b"another");
            prop_assert_ne!(subset_root(size, &other, &proof), Ok(naive_root(&all)));
        }
    }

    #[test]
    fn changed_proofs_are_refused(size in 2u64..200, at in 0u64..200, old in 1u64..200, which in 0usize..8, bit in 0usize..256) {
        let all = leaves(size);
        let tree: MemoryTree = all.iter().copied().collect();
        let (at, old) = (at % size, 1 + old % (size - 1));
        let expected = tree.root();
        let Ok(proof) = inclusion_proof(&tree, at, size);
        let flip = |proof: &[Hash]| {
            let mut proof = proof.to_vec();
            let idx = which % proof.len();
            proof[idx].0[bit / 8] ^= 1 << (bit % 8);
            proof
        };
        prop_assert!(verify_inclusion(&all[at as usize], at, size, &flip(&proof), &expected).is_err());
        prop_assert!(verify_inclusion(&all[at as usize], (at + 1) % size, size, &proof, &expected).is_err());
        prop_assert!(verify_inclusion(&all[at as usize], at, size, &proof[1..], &expected).is_err());
        let Ok(proof) = consistency_proof(&tree, old, size);
        let old_root = naive_root(&all[..old as usize]);
        prop_assert!(verify_consistency(old, size, &flip(&proof), &old_root, &expected).is_err());
        prop_assert!(verify_consistency(old, size, &proof, &expected, &expected).is_err());
        prop_assert!(verify_consistency(old, size, &proof[1..], &old_root, &expected).is_err());
        prop_assert!(verify_consistency(size, old, &proof, &expected, &old_root).is_err());
    }

    #[test]
    fn steps_do_not_matter(mut sizes in btree_set(1u64..1500, 1..6)) {
        let last = sizes.last().copied().unwrap_or(1);
        sizes.insert(last);
        let (tiles, writer) = written(&sizes.into_iter().collect::<Vec<_>>());
        let mut builder = TreeBuilder::new();
        builder.extend(leaves(last));
        prop_assert_eq!(writer.root(), builder.root());
        prop_assert_eq!(TreeBuilder::from_edge(last, builder.edge().to_vec()), Some(builder.clone()));
        let reader = TileReader { source: tiles, size: last };
        prop_assert_eq!(root(&reader, last), Ok(builder.root()));
        let memory: MemoryTree = leaves(last).into_iter().collect();
        for index in [0, last / 2, last - 1] {
            prop_assert_eq!(inclusion_proof(&reader, index, last).ok(), inclusion_proof(&memory, index, last).ok());
        }
    }

    #[test]
    fn no_bytes_panic_the_readers(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~\n\u{2014}]{0,200}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = tlog::entry::Entry::parse(bytes);
            let _ = tlog::note::SignedNote::parse(bytes);
            let _ = tlog::LogProof::parse(bytes);
            let _ = tlog::Receipt::parse(bytes);
            let _ = tlog::bundle::Claim::parse(bytes);
            let _ = tlog::bundle::BatchRecords::parse(bytes);
            let _ = tlog::record::SchemaDoc::parse(bytes);
            let _ = tlog::record::SeedTree::from_bytes(bytes);
            let _ = tlog::tile::parse_entry_bundle(bytes, 3);
            let _ = tlog::witness::AddCheckpoint::parse(bytes);
        }
        let _ = tlog::Policy::parse(&text);
        let _ = tlog::Checkpoint::parse(&text);
        let _ = Tile::parse_path(&text);
        let _ = tlog::note::VerifierKey::parse(&text);
    }
}
