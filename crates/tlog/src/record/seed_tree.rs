//! One secret for the seeds of many records, in which holes can be made.
//!
//! A binary tree of seeds: each node's children follow from it (Goldreich, Goldwasser and Micali). To erase a record, the nodes on
//! the way to its leaf are dropped and their siblings kept: every other seed still follows, this one never again. A tree of 2^20
//! records is one seed of 32 bytes, and 20 after the first hole.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Seed;

/// The deepest tree: more records than one key should ever serve.
const DEPTH_MAX: u8 = 48;
/// Bytes of a node when it is stored: level, index, seed.
const NODE_BYTES: usize = 1 + 8 + 32;

/// A tree of seeds is damaged, or too deep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedTreeError {
    #[error("a tree of seeds is at most {DEPTH_MAX} levels deep")]
    TooDeep,
    #[error("the stored tree of seeds is damaged")]
    Damaged,
}

/// Seeds of up to 2^depth records, less those that were punctured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedTree {
    depth: u8,
    /// Nodes by the first record below them, with their levels; what they span does not overlap.
    nodes: BTreeMap<u64, (u8, Seed)>,
}

impl SeedTree {
    /// Makes a tree out of 32 random bytes.
    ///
    /// # Errors
    /// When it would be deeper than 48 levels.
    pub fn new(root: Seed, depth: u8) -> Result<SeedTree, SeedTreeError> {
        if depth > DEPTH_MAX {
            return Err(SeedTreeError::TooDeep);
        }
        Ok(SeedTree { depth, nodes: BTreeMap::from([(0, (depth, root))]) })
    }

    /// Returns the depth that holds `n_records` seeds.
    pub fn depth_for(n_records: u64) -> u8 {
        (64 - n_records.saturating_sub(1).leading_zeros()) as u8
    }

    /// Returns the number of seeds, punctured ones included.
    pub fn len(&self) -> u64 {
        1 << self.depth
    }

    /// Returns whether every seed was punctured.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the node above a record: its level and seed.
    fn node(&self, record: u64) -> Option<(u8, Seed)> {
        let (first, (level, seed)) = self.nodes.range(..=record).next_back()?;
        (record - first < 1 << level).then_some((*level, *seed))
    }

    /// Returns the seed of a record; `None` when it was punctured or lies outside the tree.
    pub fn seed(&self, record: u64) -> Option<Seed> {
        let (level, seed) = self.node(record)?;
        Some((0..level).rev().fold(seed, |seed, bit| seed.child(record >> bit & 1 == 1)))
    }

    /// Returns the seeds of consecutive records, each for two hashes on average.
    pub fn seeds(&self, records: Range<u64>) -> Seeds<'_> {
        Seeds { tree: self, records, path: Vec::new(), before: None }
    }

    /// Removes a record's seed for ever and returns whether it was there.
    ///
    /// Write the tree and destroy every older copy of it: until then nothing is erased.
    pub fn puncture(&mut self, record: u64) -> bool {
        let Some((level, mut seed)) = self.node(record) else { return false };
        self.nodes.remove(&(record >> level << level));
        for bit in (0..level).rev() {
            let is_right = record >> bit & 1 == 1;
            let sibling = (record >> bit ^ 1) << bit;
            self.nodes.insert(sibling, (bit, seed.child(!is_right)));
            seed = seed.child(is_right);
        }
        true
    }

    /// Returns the tree as it is stored, which is under a key that is itself destroyed after an erasure.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.nodes.len() * NODE_BYTES);
        bytes.push(self.depth);
        for (first, (level, seed)) in &self.nodes {
            bytes.push(*level);
            bytes.extend(first.to_be_bytes());
            bytes.extend(seed.0);
        }
        bytes
    }

    /// Reads a stored tree.
    ///
    /// # Errors
    /// When nodes overlap, lie outside the tree or are cut off.
    pub fn from_bytes(bytes: &[u8]) -> Result<SeedTree, SeedTreeError> {
        let (depth, rest) = bytes.split_first().ok_or(SeedTreeError::Damaged)?;
        if *depth > DEPTH_MAX {
            return Err(SeedTreeError::TooDeep);
        }
        let (nodes, []) = rest.as_chunks::<NODE_BYTES>() else { return Err(SeedTreeError::Damaged) };
        let mut tree = SeedTree { depth: *depth, nodes: BTreeMap::new() };
        let mut end = 0;
        for node in nodes {
            let (level, node) = node.split_first().ok_or(SeedTreeError::Damaged)?;
            let (first, seed) = node.split_first_chunk::<8>().ok_or(SeedTreeError::Damaged)?;
            let first = u64::from_be_bytes(*first);
            let seed: [u8; 32] = seed.try_into().map_err(|_| SeedTreeError::Damaged)?;
            let fits = level <= depth && first >= end && first < tree.len() && first >> level << level == first;
            if !fits {
                return Err(SeedTreeError::Damaged);
            }
            end = first + (1 << level);
            tree.nodes.insert(first, (*level, Seed(seed)));
        }
        Ok(tree)
    }
}

/// The seeds of consecutive records; ends at the first that is not there.
#[derive(Debug)]
pub struct Seeds<'a> {
    tree: &'a SeedTree,
    records: Range<u64>,
    /// The seeds above the record before, from its node down to itself.
    path: Vec<Seed>,
    before: Option<u64>,
}

impl Iterator for Seeds<'_> {
    type Item = Seed;

    fn next(&mut self) -> Option<Seed> {
        let record = self.records.next()?;
        // What two neighbours share of their paths is above the highest bit in which they differ.
        let n_below = self.before.map_or(u32::MAX, |before| 64 - (before ^ record).leading_zeros()) as usize;
        let height = self.path.len().wrapping_sub(1);
        let level = if self.before.is_some() && n_below <= height {
            self.path.truncate(height + 1 - n_below);
            n_below
        } else {
            let (level, seed) = self.tree.node(record)?;
            self.path.clear();
            self.path.push(seed);
            usize::from(level)
        };
        let mut seed = *self.path.last()?;
        for bit in (0..level).rev() {
            seed = seed.child(record >> bit & 1 == 1);
            self.path.push(seed);
        }
        self.before = Some(record);
        Some(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_puncture_takes_one_seed_and_no_other() {
        let whole = SeedTree::new(Seed([1; 32]), 10).expect("a tree");
        let mut tree = whole.clone();
        for (n_before, record) in [700, 0, 1023, 701, 512].into_iter().enumerate() {
            assert!(tree.puncture(record));
            assert!(!tree.puncture(record));
            assert_eq!(SeedTree::from_bytes(&tree.to_bytes()), Ok(tree.clone()));
            let n_left = (0..1024).filter(|record| tree.seed(*record).is_some()).count();
            assert_eq!(n_left, 1023 - n_before);
        }
        for record in 0..1024 {
            let expected = whole.seed(record).filter(|_| ![700, 0, 1023, 701, 512].contains(&record));
            assert_eq!(tree.seed(record), expected, "{record}");
        }
        assert_eq!(tree.seed(1024), None);
        assert!(!tree.puncture(1024));
    }

    #[test]
    fn a_hole_costs_a_node_per_level() {
        let mut tree = SeedTree::new(Seed([1; 32]), 20).expect("a tree");
        tree.puncture(123_456);
        assert_eq!(tree.nodes.len(), 20);
    }

    #[test]
    fn consecutive_seeds_are_the_single_ones() {
        let mut tree = SeedTree::new(Seed([1; 32]), 6).expect("a tree");
        for range in [0..64, 5..6, 13..50, 63..70] {
            let seeds: Vec<Seed> = tree.seeds(range.clone()).collect();
            let single: Vec<Seed> = range.map_while(|record| tree.seed(record)).collect();
            assert_eq!(seeds, single);
        }
        tree.puncture(20);
        assert_eq!(tree.seeds(18..30).count(), 2);
        let after: Vec<Seed> = tree.seeds(21..64).collect();
        assert_eq!(after, (21..64).filter_map(|record| tree.seed(record)).collect::<Vec<_>>());
        assert_eq!(after.len(), 43);
    }

    #[test]
    fn seeds_differ() {
        let tree = SeedTree::new(Seed([1; 32]), 8).expect("a tree");
        let seeds: std::collections::HashSet<[u8; 32]> = tree.seeds(0..256).map(|seed| seed.0).collect();
        assert_eq!(seeds.len(), 256);
        assert_eq!((SeedTree::depth_for(0), SeedTree::depth_for(1), SeedTree::depth_for(2)), (0, 0, 1));
        assert_eq!((SeedTree::depth_for(4096), SeedTree::depth_for(4097)), (12, 13));
    }

    #[test]
    fn damaged_trees_are_refused() {
        let mut tree = SeedTree::new(Seed([1; 32]), 6).expect("a tree");
        tree.puncture(9);
        let bytes = tree.to_bytes();
        assert!(SeedTree::from_bytes(&[]).is_err());
        assert!(SeedTree::from_bytes(&[49]).is_err());
        assert!(SeedTree::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        let mut twice = bytes.clone();
        twice.extend_from_within(1..);
        assert!(SeedTree::from_bytes(&twice).is_err());
        let mut high = bytes;
        high[1] = 200;
        assert!(SeedTree::from_bytes(&high).is_err());
    }
}
