//! Pieces of bytes of all groups, in one buffer: the elements that `make_list`, `make_set` and `make_bag`
//! gather.
//!
//! Pieces stand in the buffer in the order in which they came, each with its group; they are handed out by one stable
//! sort by group. So a group costs four bytes and a piece its bytes, sixteen more and, where pieces must be distinct, a
//! slot in one hash table of all groups.

use crate::args::EvalError;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Which pieces are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every piece.
    All,
    /// Of pieces of a group with the same key, the first.
    Distinct,
}

/// The pieces of all groups.
pub struct Pieces {
    keep: Keep,
    /// Pieces that a group keeps at most; further ones are left out.
    max: usize,
    bytes: Vec<u8>,
    /// Where each piece ends in `bytes`.
    ends: Vec<usize>,
    /// Length of each piece's key, its first bytes. Empty for `Keep::All`.
    keys: Vec<u32>,
    /// The group of each piece.
    groups: Vec<u32>,
    /// The number of pieces of each group.
    counts: Vec<u32>,
    /// Pieces by group and key, for `Keep::Distinct`: (hash, piece).
    index: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
}

impl Pieces {
    /// Makes an empty store.
    pub fn new(keep: Keep, max: usize) -> Pieces {
        Pieces {
            keep,
            max,
            bytes: Vec::new(),
            ends: Vec::new(),
            keys: Vec::new(),
            groups: Vec::new(),
            counts: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Makes room for groups.
    pub fn grow(&mut self, n_groups: usize) {
        if n_groups > self.counts.len() {
            self.counts.resize(n_groups, 0);
        }
    }

    /// Returns the number of pieces of all groups.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there is no piece.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a piece to a group, unless the group is full or has one of the same key, which is the piece's first
    /// `key_len` bytes.
    ///
    /// # Errors
    /// When there are 2^32 pieces, or the piece is longer than 4 GiB.
    pub fn add(&mut self, group: usize, piece: &[u8], key_len: usize) -> Result<(), EvalError> {
        if self.counts[group] as usize >= self.max {
            return Ok(());
        }
        let number = u32::try_from(self.ends.len()).map_err(|_| too_many())?;
        if self.keep == Keep::Distinct {
            let key = &piece[..key_len];
            let hash = self.hasher.hash_one((group as u32, key));
            let is_same = |(other_hash, other): &(u64, u32)| {
                let other = *other as usize;
                *other_hash == hash && self.groups[other] as usize == group && self.key(other) == key
            };
            if self.index.find(hash, is_same).is_some() {
                return Ok(());
            }
            self.keys.push(u32::try_from(key_len).map_err(|_| too_many())?);
            self.index.insert_unique(hash, (hash, number), |(hash, _)| *hash);
        }
        self.bytes.extend_from_slice(piece);
        self.ends.push(self.bytes.len());
        self.groups.push(group as u32);
        self.counts[group] += 1;
        Ok(())
    }

    fn start(&self, piece: usize) -> usize {
        if piece == 0 { 0 } else { self.ends[piece - 1] }
    }

    fn piece(&self, piece: usize) -> &[u8] {
        &self.bytes[self.start(piece)..self.ends[piece]]
    }

    fn key(&self, piece: usize) -> &[u8] {
        let start = self.start(piece);
        &self.bytes[start..start + self.keys[piece] as usize]
    }

    /// Hands out the first `n` groups (all when `None`) in order, each with its pieces in the order in which they came,
    /// and takes the groups out.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn take_out(
        &mut self,
        n: Option<usize>,
        mut each: impl FnMut(&mut dyn Iterator<Item = &[u8]>) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let n_groups = n.unwrap_or(usize::MAX).min(self.counts.len());
        // The pieces of group g are ordered[from[g]..from[g + 1]].
        let mut from = vec![0usize; n_groups + 1];
        for group in 0..n_groups {
            from[group + 1] = from[group] + self.counts[group] as usize;
        }
        let mut next = from.clone();
        let mut ordered = vec![0u32; from[n_groups]];
        for (piece, group) in self.groups.iter().enumerate() {
            let group = *group as usize;
            if group < n_groups {
                ordered[next[group]] = piece as u32;
                next[group] += 1;
            }
        }
        for group in 0..n_groups {
            each(&mut ordered[from[group]..from[group + 1]].iter().map(|piece| self.piece(*piece as usize)))?;
        }
        self.drop_first(n_groups);
        Ok(())
    }

    /// Drops the first groups and renumbers the others.
    fn drop_first(&mut self, n_groups: usize) {
        let mut rest = Pieces::new(self.keep, self.max);
        rest.hasher = self.hasher.clone();
        rest.counts = self.counts.split_off(n_groups);
        if !rest.counts.is_empty() {
            for piece in 0..self.ends.len() {
                let Some(group) = self.groups[piece].checked_sub(n_groups as u32) else { continue };
                rest.bytes.extend_from_slice(self.piece(piece));
                rest.ends.push(rest.bytes.len());
                rest.groups.push(group);
                if self.keep == Keep::Distinct {
                    let hash = self.hasher.hash_one((group, self.key(piece)));
                    rest.keys.push(self.keys[piece]);
                    rest.index.insert_unique(hash, (hash, rest.ends.len() as u32 - 1), |(hash, _)| *hash);
                }
            }
        }
        *self = rest;
    }

    /// Returns the bytes held, roughly.
    pub fn size(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + (self.keys.capacity() + self.groups.capacity() + self.counts.capacity()) * size_of::<u32>()
            + self.index.capacity() * size_of::<(u64, u32)>()
    }
}

fn too_many() -> EvalError {
    EvalError::new("an aggregation has gathered more than 2^32 values")
}
