//! Why a change is refused.

/// A change cannot be made, or its document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    #[error("`{0}` is no name: 1 to 1,024 letters, digits, `_`, `-`, `.` and spaces, and none of the last at its ends")]
    Name(String),
    #[error("there is a {kind} `{name}` already")]
    Exists { kind: &'static str, name: String },
    #[error("there is no {kind} `{name}`")]
    Unknown { kind: &'static str, name: String },
    #[error("the column `{column}` is there twice")]
    ColumnTwice { column: String },
    #[error("`{name}` is no type of a column")]
    Type { name: String },
    #[error("two tables would be the stored table `{stored}`")]
    StoredTwice { stored: String },
    #[error("a table has at least one column")]
    NoColumns,
    #[error("a change has at least one step")]
    NoSteps,
    #[error("the change is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("the document of a change cannot be read: {0}")]
    Document(String),
}
