//! What can go wrong, for whoever submits a checkpoint and for whoever runs a witness.

use std::io;
use std::path::PathBuf;

use tlog::TextError;
use tlog::witness::WitnessRefusal;

/// Why a checkpoint is not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("the request cannot be read")]
    Request(#[source] TextError),
    #[error("the checkpoint is not cosigned")]
    Refused(#[source] WitnessRefusal),
    /// A cosignature states a time, which may not go back.
    #[error("the witness's clock went back from {last} to {now} seconds since 1970")]
    ClockWentBack { last: u64, now: u64 },
    /// Nothing is cosigned for this log until the witness is started again: what is on the disk is unknown.
    #[error("the witness cannot store checkpoints of this log: {why}")]
    Stopped { why: String },
}

impl AddError {
    /// Returns the HTTP status.
    ///
    /// # Source
    /// C2SP tlog-witness, "add-checkpoint", for what the client did.
    pub fn status(&self) -> u16 {
        match self {
            AddError::Request(_) => 400,
            AddError::Refused(refusal) => refusal.status(),
            AddError::ClockWentBack { .. } => 503,
            AddError::Stopped { .. } => 500,
        }
    }
}

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    #[error("another process uses this folder")]
    Locked,
    /// Going on without it would forget what was cosigned.
    #[error("`{path}` is damaged: {why}")]
    Damaged { path: String, why: String },
    #[error("there is no log to follow")]
    NoLogs,
    #[error("`{name}` is not the key of a witness")]
    NotAWitness { name: String },
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot use `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}`: others than its owner may read or change the key", path.display())]
    Open { path: PathBuf },
    #[error("`{}` is not a witness's key file", path.display())]
    Form { path: PathBuf },
    #[error("`{name}` cannot name a key")]
    Name {
        name: String,
        #[source]
        source: tlog::note::KeyError,
    },
}
