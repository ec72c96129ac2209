//! What can go wrong between a log and those to whom it is tied.

use std::io;

use sequencer::Stop;
use tlog::tile::MissingTile;
use tlog::{ProofError, TextError};

use crate::transport::TransportError;
use crate::tsa::TokenError;

/// Why a witness has not cosigned a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    #[error("there is no answer")]
    Transport(#[source] TransportError),
    /// It refuses; what it says is quoted.
    #[error("it answers with status {status}: {text}")]
    Status { status: u16, text: String },
    #[error("its answer cannot be used: {why}")]
    Answer { why: String },
    #[error("the published checkpoint cannot be read")]
    Checkpoint(#[source] TextError),
    #[error("the log's tiles cannot be read")]
    Tiles(#[source] MissingTile),
    #[error("the log's tiles do not lead to its checkpoint")]
    Proof(#[source] ProofError),
    /// Somebody else has shown it a newer checkpoint that is published by now.
    #[error("it knows a newer checkpoint, of {size} entries")]
    Outdated { size: u64 },
    /// What it knows forbids to sign.
    #[error("the signing stops")]
    Contradiction(#[source] Stop),
}

/// Why witnessing or timestamping does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the policy asks for no witness")]
    NoQuorum,
    /// More signatures than anybody reads under a checkpoint.
    #[error("the policy names {count} witnesses, and a checkpoint carries the signatures of {count_max} at most")]
    TooMany { count: usize, count_max: usize },
    #[error("the policy says of no witness where it is")]
    NoAddress,
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// Why a checkpoint has no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    #[error("there is no answer")]
    Transport(#[source] TransportError),
    #[error("the authority answers with status {status}")]
    Status { status: u16 },
    #[error("the answer is not acceptable")]
    Token(#[source] TokenError),
    #[error("cannot write `{path}`: {why}")]
    Io { path: String, why: String },
}
