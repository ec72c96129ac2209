//! Text to tokens to tree.

pub mod ast;

/// Reads tokens into the tree.
pub struct Parser<'a> {
    text: &'a str,
}
