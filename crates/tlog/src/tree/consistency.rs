//! Proofs that a tree is the beginning of a larger one.

use super::{Subtrees, range_root, split};
use crate::{Hash, ProofError};

/// Makes the proof that the first `old` leaves are the beginning of the first `new` leaves; empty when `old` is 0, equal to
/// `new` or larger.
///
/// # Source
/// RFC 6962, section 2.1.2.
pub fn consistency_proof<S: Subtrees>(source: &S, old: u64, new: u64) -> Result<Vec<Hash>, S::Error> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut lo, mut hi) = (0, new);
    // Whether the old root itself stands for what is left; the verifier has it.
    let mut is_old_root = true;
    while old != hi {
        let middle = lo + split(hi - lo);
        if old <= middle {
            proof.push(range_root(source, middle, hi)?);
            hi = middle;
        } else {
            proof.push(range_root(source, lo, middle)?);
            lo = middle;
            is_old_root = false;
        }
    }
    if !is_old_root {
        proof.push(range_root(source, lo, hi)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Verifies that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// # Errors
/// When the new tree is smaller, the proof has the wrong length, or it does not lead to both roots.
///
/// # Source
/// RFC 9162, section 2.1.4.2; C2SP tlog-witness, "add-checkpoint", for a tree of size 0.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    let same = |expected: &Hash, found: Hash| {
        if found == *expected { Ok(()) } else { Err(ProofError::Root { expected: *expected, found }) }
    };
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(ProofError::Length);
        }
        return if old == new { same(old_root, *new_root) } else { same(old_root, Hash::EMPTY_ROOT) };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut hashes = proof.iter();
    // A power of two is a subtree of the new tree: its root starts the way up.
    let first = if old.is_power_of_two() { Some(old_root) } else { hashes.next() };
    let Some(first) = first else { return Err(ProofError::Length) };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            old_hash = Hash::node(sibling, &old_hash);
            new_hash = Hash::node(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = Hash::node(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    same(old_root, old_hash)?;
    same(new_root, new_hash)
}
