//! Merkle trees of RFC 6962: building, proving, verifying.
//!
//! The same tree serves a batch of records and the log of a workspace. Whoever proves reads hashes of perfect subtrees by
//! the trait [`Subtrees`]; a [`MemoryTree`] and the tiles of a log ([`crate::tile::TileReader`]) both have them.

mod builder;
mod consistency;
mod inclusion;
mod memory;
mod subset;
mod subtree;

pub use builder::TreeBuilder;
pub use consistency::{consistency_proof, verify_consistency};
pub use inclusion::{inclusion_proof, inclusion_root, verify_inclusion};
pub use memory::MemoryTree;
pub use subset::{subset_proof, subset_root};
pub use subtree::{Subtree, Subtrees, root};

use subtree::{range_root, split};
