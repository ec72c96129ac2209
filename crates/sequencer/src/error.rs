//! What can go wrong, for whoever submits and for whoever starts a sequencer.

use std::io;

use tlog::{Hash, ProofError, TextError};

/// Why nothing is signed any more. Reading what is published goes on; a restart looks at everything anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It is unknown what is on the disk, and trying again would not tell.
    #[error("cannot make `{path}` durable: {why}")]
    Flush { path: String, why: String },
    /// The clock shows a time before the last entry's.
    #[error("the clock went back from {last} to {now}")]
    ClockWentBack { last: String, now: String },
    /// Somebody has a checkpoint that is newer than what is in the write-ahead log: this is an old copy of the node.
    #[error("`{witness}` knows {known} entries of `{origin}`, and the write-ahead log has {found}")]
    Behind { origin: String, witness: String, known: u64, found: u64 },
    /// Somebody has a checkpoint of another history.
    #[error(
        "`{witness}` has another root for the first {size} entries of `{origin}`: {theirs}, and the write-ahead log has {ours}"
    )]
    Fork { origin: String, witness: String, size: u64, ours: Hash, theirs: Hash },
    /// Somebody does not accept the log as the continuation of what they have seen, and does not show that.
    #[error("`{witness}` has seen {size} entries of `{origin}` that are not the first ones here: {why}")]
    Contradicted { origin: String, witness: String, size: u64, why: String },
    /// What is to tell an old copy of the node from the present one is missing or cannot be read.
    #[error("`{path}`: {why}")]
    Evidence { path: String, why: String },
    /// None of the keys at hand has signed the last checkpoint.
    #[error("no key at hand has signed the last checkpoint of `{origin}`")]
    ForeignKey { origin: String },
    /// It was asked to.
    #[error("it was asked to stop")]
    Asked,
    /// A fault of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why a submission was not taken. All but `Stopped` leave no trace in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too much is waiting, or there is no room: try again.
    #[error("{why}; try again in {retry_after_ms} ms")]
    Busy { why: String, retry_after_ms: u64 },
    /// Nothing is signed any more. What was waiting may have become durable or not: submit it again under the same request id.
    #[error("the sequencer has stopped: {0}")]
    Stopped(Stop),
    #[error("a batch of {bytes} bytes is larger than {bytes_max} bytes")]
    TooLarge { bytes: u64, bytes_max: u64 },
    /// The request id has been used for another batch.
    #[error("the request id has been used for another batch")]
    RequestReused,
    /// The entry would not have the form that its kind has.
    #[error("the entry is not valid")]
    Entry(#[source] TextError),
    #[error("cannot sign for the workspace `{workspace}`: {why}")]
    Key { workspace: String, why: String },
}

/// Why a sequencer does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    #[error("another process uses this store")]
    Locked,
    /// What is acknowledged may be in there: nothing is cut off.
    #[error("`{path}` is damaged at byte {byte}: {why}")]
    Damaged { path: String, byte: u64, why: String },
    #[error("`{path}` is missing")]
    Missing { path: String },
}

impl OpenError {
    pub(crate) fn io(path: &str) -> impl FnOnce(io::Error) -> OpenError {
        move |source| OpenError::Io { path: path.to_string(), source }
    }
}

/// Why a log cannot begin with the entries of another.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    #[error("there is `{path}` already: a log begins anew in an empty folder only")]
    Exists { path: String },
    #[error("`{path}` is missing or damaged")]
    Entries { path: String },
    #[error("`{path}`: entry {entry} does not follow the one before")]
    Follows { path: String, entry: u64 },
    #[error("the key of the workspace `{workspace}` cannot be used: {why}")]
    Key { workspace: String, why: String },
    #[error("the write-ahead log cannot be begun")]
    Wal(#[from] OpenError),
    #[error("the log cannot be published")]
    Publish(#[from] PublishError),
}

/// Why the tiles of a log cannot be written or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    /// Neither the write-ahead log nor the published entries have what is needed.
    #[error("`{path}` is missing or damaged, and the write-ahead log no longer has its entries")]
    Entries { path: String },
    #[error("the published entries of `{workspace}` are not those that were signed")]
    Root {
        workspace: String,
        #[source]
        source: ProofError,
    },
}

impl PublishError {
    pub(crate) fn io(path: &str) -> impl FnOnce(io::Error) -> PublishError {
        move |source| PublishError::Io { path: path.to_string(), source }
    }
}
