//! A tree with all its hashes in memory, for batches.

use std::convert::Infallible;

use super::{Subtree, Subtrees, TreeBuilder};
use crate::Hash;

/// A tree with all its perfect subtrees: twice as many hashes as it has leaves.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    edge: TreeBuilder,
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// Makes an empty tree.
    pub fn new() -> MemoryTree {
        MemoryTree::default()
    }

    /// Appends the hash of a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let levels = &mut self.levels;
        self.edge.append_with(leaf, |subtree, hash| {
            let level = usize::from(subtree.level);
            if level == levels.len() {
                levels.push(Vec::new());
            }
            if let Some(hashes) = levels.get_mut(level) {
                hashes.push(hash);
            }
        });
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Returns the root.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<T: IntoIterator<Item = Hash>>(leaves: T) -> MemoryTree {
        let mut tree = MemoryTree::new();
        for leaf in leaves {
            tree.append(leaf);
        }
        tree
    }
}

impl Subtrees for MemoryTree {
    type Error = Infallible;

    /// Returns the hash of a subtree; the root of nothing for one that is not in the tree, which no proof ends in.
    fn subtree(&self, subtree: Subtree) -> Result<Hash, Infallible> {
        let hash = self.levels.get(usize::from(subtree.level)).and_then(|hashes| hashes.get(subtree.index as usize));
        Ok(hash.copied().unwrap_or(Hash::EMPTY_ROOT))
    }
}
