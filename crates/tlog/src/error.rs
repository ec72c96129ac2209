//! What can be wrong with a text or a proof.

use std::fmt;

use crate::Hash;

/// A text is not in the one form that its format allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TextError {
    /// The format that was being read.
    pub what: &'static str,
    /// The line, counted from 1; 0 when it is about the whole text.
    pub line: usize,
    pub why: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.what, self.why),
            line => write!(f, "{}, line {line}: {}", self.what, self.why),
        }
    }
}

/// A Merkle proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("leaf {index} lies outside a tree of {size} leaves")]
    OutOfRange { index: u64, size: u64 },
    #[error("a tree of {old} leaves is not a part of a tree of {new}")]
    Shrunk { old: u64, new: u64 },
    #[error("the proof has too few or too many hashes")]
    Length,
    #[error("the proof leads to the root {found}, not to {expected}")]
    Root { expected: Hash, found: Hash },
}
