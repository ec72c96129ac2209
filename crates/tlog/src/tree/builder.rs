//! Growing a tree leaf by leaf, with only the hashes at its right edge in memory.

use super::Subtree;
use crate::Hash;

/// A tree that grows; at most 64 hashes, whatever its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeBuilder {
    size: u64,
    /// Perfect subtrees from left to right: one for each bit set in `size`, the largest first.
    edge: Vec<Hash>,
}

impl TreeBuilder {
    /// Makes an empty tree.
    pub fn new() -> TreeBuilder {
        TreeBuilder::default()
    }

    /// Takes up a tree at its right edge; `None` unless there is one hash for each bit set in `size`.
    pub fn from_edge(size: u64, edge: Vec<Hash>) -> Option<TreeBuilder> {
        (edge.len() == size.count_ones() as usize).then_some(TreeBuilder { size, edge })
    }

    /// Appends the hash of a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _| {});
    }

    /// Appends the hash of a leaf and shows each perfect subtree that it completes, the leaf itself first.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(Subtree, Hash)) {
        let mut hash = leaf;
        let mut subtree = Subtree { level: 0, index: self.size };
        completed(subtree, hash);
        while subtree.index & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = Hash::node(&left, &hash);
            subtree = Subtree { level: subtree.level + 1, index: subtree.index >> 1 };
            completed(subtree, hash);
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the perfect subtrees at the right edge, the largest first.
    pub fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// Returns the root.
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        let Some(last) = edge.next() else { return Hash::EMPTY_ROOT };
        edge.fold(*last, |right, left| Hash::node(left, &right))
    }
}

impl Extend<Hash> for TreeBuilder {
    fn extend<T: IntoIterator<Item = Hash>>(&mut self, leaves: T) {
        for leaf in leaves {
            self.append(leaf);
        }
    }
}
