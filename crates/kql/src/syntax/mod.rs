//! Text to tokens to tree.

pub mod ast;

/// Reads tokens into the tree.
pub struct Parser<'a> {
    text: &'a str,
}
pub struct Parse {
    pub block: ast::Block,
    pub diagnostics: Vec<crate::Diagnostic>,
}
pub fn parse(_t: &str) -> Parse {
    unreachable!()
}
