//! Perfect subtrees, of which every tree and every hash of a proof is made.

use crate::Hash;

/// A perfect subtree: the 2^level leaves from `index * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree {
    /// At most 63.
    pub level: u8,
    pub index: u64,
}

/// Something that knows the hashes of a tree's perfect subtrees.
pub trait Subtrees {
    type Error;

    /// Returns the hash of a perfect subtree that lies within the tree.
    fn subtree(&self, subtree: Subtree) -> Result<Hash, Self::Error>;
}

/// Returns the root of the tree's first `size` leaves.
pub fn root<S: Subtrees>(source: &S, size: u64) -> Result<Hash, S::Error> {
    range_root(source, 0, size)
}

/// Returns the largest power of two smaller than `n`, where RFC 6962 splits a tree of `n` leaves; `n` is at least 2.
pub(super) fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Returns the hash of the leaves in `[lo, hi)`, a range that splitting a tree leads to.
pub(super) fn range_root<S: Subtrees>(source: &S, lo: u64, hi: u64) -> Result<Hash, S::Error> {
    let mut parts = Vec::new();
    let (mut at, mut left) = (lo, hi - lo);
    while left > 0 {
        let level = 63 - left.leading_zeros();
        parts.push(source.subtree(Subtree { level: level as u8, index: at >> level })?);
        at = at.wrapping_add(1 << level);
        left -= 1 << level;
    }
    let mut parts = parts.into_iter().rev();
    let Some(last) = parts.next() else { return Ok(Hash::EMPTY_ROOT) };
    Ok(parts.fold(last, |right, left| Hash::node(&left, &right)))
}
