//! Sets of blocks of rows.

use std::ops::Range;

/// Blocks of rows of an extent, out of all its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// Bit n is set when block n is in the set; bits from `n_blocks` on are not set.
    words: Vec<u64>,
    n_blocks: u32,
    block_rows: u32,
    rows: u64,
}

impl Blocks {
    /// Returns no block of an extent of so many rows.
    pub(crate) fn none(rows: u64, block_rows: u32, n_blocks: u32) -> Blocks {
        Blocks { words: vec![0; n_blocks.div_ceil(64) as usize], n_blocks, block_rows, rows }
    }

    /// Returns all blocks.
    pub(crate) fn all(rows: u64, block_rows: u32, n_blocks: u32) -> Blocks {
        let mut blocks = Blocks::none(rows, block_rows, n_blocks);
        blocks.insert(0, n_blocks);
        blocks
    }

    /// Adds the blocks from one up to another.
    pub(crate) fn insert(&mut self, from: u32, to: u32) {
        let to = to.min(self.n_blocks);
        let mut block = from;
        while block < to {
            let end = to.min((block / 64 + 1) * 64);
            if let Some(word) = self.words.get_mut(block as usize / 64) {
                *word |= u64::MAX >> (64 - (end - block)) << (block % 64);
            }
            block = end;
        }
    }

    /// Keeps the blocks that are in another set of the same extent too.
    pub fn and(&mut self, other: &Blocks) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds the blocks of another set of the same extent.
    pub fn or(&mut self, other: &Blocks) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Returns how many blocks are in the set.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns how many blocks the extent has.
    pub fn total(&self) -> u32 {
        self.n_blocks
    }

    /// Returns whether every block is in the set: nothing can be left out.
    pub fn is_all(&self) -> bool {
        self.count() == self.n_blocks
    }

    /// Returns whether no block is in the set: no row can match.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Returns whether the block with a row is in the set.
    pub fn contains_row(&self, row: u64) -> bool {
        let block = row / u64::from(self.block_rows.max(1));
        let word = usize::try_from(block / 64).ok().and_then(|word| self.words.get(word));
        word.is_some_and(|word| word >> (block % 64) & 1 == 1)
    }

    /// Returns the rows of the set's blocks as ranges, in order, those of neighbouring blocks as one.
    pub fn row_ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let mut block = 0;
        std::iter::from_fn(move || {
            while block < self.n_blocks && !self.has(block) {
                block += 1;
            }
            let first = block;
            while block < self.n_blocks && self.has(block) {
                block += 1;
            }
            let row = |block: u32| (u64::from(block) * u64::from(self.block_rows)).min(self.rows);
            (block > first).then(|| row(first)..row(block))
        })
    }

    /// Returns how many rows the set's blocks have.
    pub fn rows(&self) -> u64 {
        self.row_ranges().map(|rows| rows.end - rows.start).sum()
    }

    fn has(&self, block: u32) -> bool {
        self.words.get(block as usize / 64).is_some_and(|word| word >> (block % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_neighbours_and_end_with_the_rows() {
        let mut blocks = Blocks::none(645, 64, 11);
        assert!(blocks.is_empty());
        blocks.insert(0, 1);
        blocks.insert(2, 4);
        blocks.insert(10, 99);
        assert_eq!(blocks.row_ranges().collect::<Vec<_>>(), [0..64, 128..256, 640..645]);
        assert_eq!((blocks.count(), blocks.rows(), blocks.total()), (4, 64 + 128 + 5, 11));
        assert!(blocks.contains_row(644) && blocks.contains_row(0) && !blocks.contains_row(64));
        assert!(!blocks.contains_row(u64::MAX));
    }

    #[test]
    fn sets_meet_and_join() {
        let set = |from, to| {
            let mut blocks = Blocks::none(6400, 64, 100);
            blocks.insert(from, to);
            blocks
        };
        let mut met = set(0, 70);
        met.and(&set(60, 100));
        assert_eq!(met, set(60, 70));
        let mut joined = set(0, 70);
        joined.or(&set(60, 100));
        assert!(joined.is_all());
        assert_eq!(joined, Blocks::all(6400, 64, 100));
        assert!(Blocks::all(0, 64, 0).is_all() && Blocks::all(0, 64, 0).is_empty());
    }
}
