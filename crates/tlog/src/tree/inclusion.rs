//! Proofs that a leaf is in a tree.

use super::{Subtrees, range_root, split};
use crate::{Hash, ProofError};

/// Makes the proof that leaf `index` is in the tree of the first `size` leaves, from the leaf's sibling up; empty when there is
/// no such leaf.
///
/// # Source
/// RFC 6962, section 2.1.1.
pub fn inclusion_proof<S: Subtrees>(source: &S, index: u64, size: u64) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    let (mut lo, mut hi) = (0, size);
    while index < size && hi - lo > 1 {
        let middle = lo + split(hi - lo);
        if index < middle {
            proof.push(range_root(source, middle, hi)?);
            hi = middle;
        } else {
            proof.push(range_root(source, lo, middle)?);
            lo = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Returns the root to which a proof of inclusion leads.
///
/// # Errors
/// When the index is outside the tree or the proof has the wrong length.
///
/// # Source
/// RFC 9162, section 2.1.3.2.
pub fn inclusion_root(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange { index, size });
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = Hash::node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(ProofError::Length) }
}

/// Verifies that a leaf is in a tree.
///
/// # Errors
/// When the proof does not lead to the root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    let found = inclusion_root(leaf, index, size, proof)?;
    if found == *root { Ok(()) } else { Err(ProofError::Root { expected: *root, found }) }
}
