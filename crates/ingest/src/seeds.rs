//! The seeds of sealed batches, kept beside the extents that hold their rows: without a seed nobody can tell what a leaf was made of.
//!
//! One file for each extent: the entry of each batch in the log, the length of its seed tree, the tree; then a SHA-256 over all of it.
//! These files are secrets and change when something is erased; the log says nothing of them.

use std::collections::BTreeMap;

use tlog::Hash;
use tlog::record::{SeedTree, SeedTreeError};

const HEADER: &[u8] = b"vidimus.seeds.v1\n";

/// A file of seeds cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedsError {
    #[error("it is cut off, or has another hash than it says")]
    Damaged,
    #[error("a tree of seeds is damaged")]
    Tree(#[from] SeedTreeError),
}

/// Writes the seeds of batches, by the index of their entries.
pub fn seeds_bytes<'a>(batches: impl IntoIterator<Item = (u64, &'a [u8])>) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for (entry, tree) in batches {
        bytes.extend(entry.to_be_bytes());
        bytes.extend((tree.len() as u64).to_be_bytes());
        bytes.extend(tree);
    }
    let hash = Hash::of(&bytes);
    bytes.extend(hash.0);
    bytes
}

/// Reads what [`seeds_bytes`] wrote.
///
/// # Errors
/// When it is anything else.
pub fn parse_seeds(bytes: &[u8]) -> Result<BTreeMap<u64, SeedTree>, SeedsError> {
    let (content, hash) = bytes.split_last_chunk::<32>().ok_or(SeedsError::Damaged)?;
    if Hash::of(content).0 != *hash {
        return Err(SeedsError::Damaged);
    }
    let mut rest = content.strip_prefix(HEADER).ok_or(SeedsError::Damaged)?;
    let mut seeds = BTreeMap::new();
    while !rest.is_empty() {
        let (entry, after) = rest.split_first_chunk::<8>().ok_or(SeedsError::Damaged)?;
        let (len, after) = after.split_first_chunk::<8>().ok_or(SeedsError::Damaged)?;
        let len = usize::try_from(u64::from_be_bytes(*len)).map_err(|_| SeedsError::Damaged)?;
        let (tree, after) = after.split_at_checked(len).ok_or(SeedsError::Damaged)?;
        seeds.insert(u64::from_be_bytes(*entry), SeedTree::from_bytes(tree)?);
        rest = after;
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::record::Seed;

    #[test]
    fn seeds_come_back_and_damage_is_seen() {
        let trees = [1, 2].map(|n| SeedTree::new(Seed([n; 32]), 4).expect("a tree"));
        let stored = trees.clone().map(|tree| tree.to_bytes());
        let bytes = seeds_bytes([(7, stored[0].as_slice()), (9, stored[1].as_slice())]);
        let seeds = parse_seeds(&bytes).expect("seeds");
        assert!(seeds.into_iter().eq([7, 9].into_iter().zip(trees)));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(parse_seeds(&flipped).is_err());
        }
        assert!((0..bytes.len()).all(|len| parse_seeds(&bytes[..len]).is_err()));
    }
}
