//! The term index of an extent.

pub mod runs;

mod bits;
mod blocks;
mod builder;
mod column;
mod error;
mod index;
mod json;
mod keys;
mod layout;
mod postings;
mod predicate;

pub use blocks::Blocks;
pub use builder::{IndexBuilder, Options};
pub use error::IndexError;
pub use index::{ColumnInfo, TermIndex};
pub use layout::TextKind;
pub use predicate::{Keys, Predicate, Subject};
