//! What goes wrong when an index is built or opened.

use thiserror::Error;

/// An index that cannot be built or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IndexError {
    #[error("a block of {block_rows} rows is not between 64 and 65536 rows")]
    BlockRows { block_rows: u32 },
    #[error("column {column} is declared twice")]
    ColumnTwice { column: u16 },
    #[error("an index has at most 65535 columns")]
    TooManyColumns,
    #[error("column {column} is not declared")]
    UnknownColumn { column: u16 },
    #[error("column {column} holds {found}, not text")]
    NotText { column: u16, found: String },
    #[error("column {column} has {found} rows instead of {rows}")]
    Rows { column: u16, found: u64, rows: u64 },
    #[error("{rows} rows are more than an index holds")]
    TooManyRows { rows: u64 },
    #[error("these bytes are no term index")]
    NotAnIndex,
    #[error("the term index has version {version}, which is not known")]
    Version { version: u16 },
    #[error("the term index is damaged: {what}")]
    Damaged { what: &'static str },
}
