//! Why an act is refused.

use tlog::Hash;

/// An act of governance cannot be done, or its document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifecycleError {
    #[error("`{0}` is not a name: 1 to 64 letters, digits, `-`, `_` and `.`")]
    Name(String),
    #[error("a reason is needed: a sentence that an auditor can read later")]
    NoReason,
    #[error("a reason has 1,000 characters at most")]
    LongReason,
    #[error("retentionInDays is {0}; it may be 4 to 730")]
    RetentionDays(u32),
    #[error(
        "totalRetentionInDays is {0}; it may be 4 to 730, or 1095, 1460, 1826, 2191, 2556, 2922, 3288, 3653, 4018 or 4383"
    )]
    TotalDays(u32),
    #[error("totalRetentionInDays is {total}, which is less than retentionInDays, {interactive}")]
    TotalBelow { interactive: u32, total: u32 },
    #[error("the hold `{0}` is in force already")]
    HoldExists(String),
    #[error("no hold `{0}` is in force")]
    NoHold(String),
    #[error("the hold `{0}` ends before it begins")]
    HoldRange(String),
    #[error("the document of an act has the hash {found}, and its entry says {expected}")]
    Hash { expected: Hash, found: Hash },
    #[error("the document of an act cannot be read: {0}")]
    Document(String),
    #[error("the document is of another kind than its act")]
    Kind,
    #[error("the legal hold `{hold}` covers records of the table `{table}`, which stay in sight")]
    Held { table: String, hold: String },
    #[error(
        "the legal hold `{hold}` is for the table `{table}`, which cannot stand for other records until it is lifted"
    )]
    HeldName { table: String, hold: String },
    #[error("{0}")]
    Entity(#[from] entities::EntityError),
}
