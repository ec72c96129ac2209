//! One proof for any set of leaves: of a row, of a result, of a whole batch.
//!
//! Splitting the tree as RFC 6962 does, every part without a chosen leaf is one hash of the proof, from left to right. For one
//! leaf these are the hashes of its inclusion proof in another order; for all leaves there are none.

use super::{Subtrees, range_root, split};
use crate::{Hash, ProofError};

/// Makes the proof for the leaves at the given positions, which ascend.
pub fn subset_proof<S: Subtrees>(source: &S, size: u64, positions: &[u64]) -> Result<Vec<Hash>, S::Error> {
    let mut hashes = Vec::new();
    if size > 0 {
        prove(source, 0, size, positions, &mut hashes)?;
    }
    Ok(hashes)
}

/// Halves a range until it is one leaf, so it goes 64 deep at most.
fn prove<S: Subtrees>(source: &S, lo: u64, hi: u64, positions: &[u64], hashes: &mut Vec<Hash>) -> Result<(), S::Error> {
    if positions.is_empty() {
        hashes.push(range_root(source, lo, hi)?);
        return Ok(());
    }
    if hi - lo == 1 {
        return Ok(());
    }
    let middle = lo + split(hi - lo);
    let (left, right) = positions.split_at(positions.partition_point(|position| *position < middle));
    prove(source, lo, middle, left, hashes)?;
    prove(source, middle, hi, right, hashes)
}

/// Returns the root to which leaves, at ascending positions, and a proof lead.
///
/// # Errors
/// When a position is outside the tree or does not ascend, or the proof has the wrong length.
pub fn subset_root(size: u64, leaves: &[(u64, Hash)], proof: &[Hash]) -> Result<Hash, ProofError> {
    if let Some((index, _)) = leaves.last().filter(|(index, _)| *index >= size) {
        return Err(ProofError::OutOfRange { index: *index, size });
    }
    if !leaves.is_sorted_by(|(a, _), (b, _)| a < b) || size == 0 {
        return Err(ProofError::Length);
    }
    let mut proof = proof.iter();
    let root = fold(0, size, leaves, &mut proof)?;
    if proof.next().is_none() { Ok(root) } else { Err(ProofError::Length) }
}

fn fold(lo: u64, hi: u64, leaves: &[(u64, Hash)], proof: &mut std::slice::Iter<'_, Hash>) -> Result<Hash, ProofError> {
    match leaves {
        [] => return proof.next().copied().ok_or(ProofError::Length),
        [(_, leaf)] if hi - lo == 1 => return Ok(*leaf),
        _ => {}
    }
    let middle = lo + split(hi - lo);
    let (left, right) = leaves.split_at(leaves.partition_point(|(position, _)| *position < middle));
    let left = fold(lo, middle, left, proof)?;
    let right = fold(middle, hi, right, proof)?;
    Ok(Hash::node(&left, &right))
}
