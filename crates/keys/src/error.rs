//! What can go wrong with keys and with what they sealed. No message holds a key, a passphrase or what was sealed.

use std::io;

use crate::backend::BackendError;
use crate::purpose::Purpose;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot use `{path}`")]
    Io { path: String, source: io::Error },
    #[error("there are no random bytes")]
    Entropy(#[source] io::Error),
    #[error("another process uses these keys")]
    Locked,
    /// Which of the three it is cannot be told.
    #[error("`{path}` is damaged, is another store's, or does not stand where it was written")]
    Damaged { path: String },
    #[error("the store is {found} and was to be opened as {wanted}")]
    OtherMode { found: &'static str, wanted: &'static str },
    /// Somebody removed or changed the file that says whether the store is encrypted.
    #[error("`{path}` belongs to an encrypted store, and `{mode}` does not say that this is one")]
    Downgraded { path: String, mode: &'static str },
    /// A store cannot become an encrypted one by saying so.
    #[error("`{path}` is not encrypted, and a new encrypted store is to be made here")]
    NotEmpty { path: String },
    /// The folder of keys was lost or replaced: nothing in the store can be opened without it.
    #[error("`{path}` is missing, and the store has data: its keys are lost, or elsewhere")]
    ModeMissing { path: &'static str },
    #[error("the root key cannot be used")]
    Root(#[source] BackendError),
    #[error("the root key `{root}` is needed by the workspace `{workspace}`")]
    RootInUse { root: String, workspace: String },
    /// Whoever asked for the rewrapping does not want it for this workspace.
    #[error("the keys of the workspace `{workspace}` are not to be rewrapped: {why}")]
    NotRewrapped { workspace: String, why: String },
    #[error("`{0}` does not name a workspace")]
    WorkspaceName(String),
    #[error("the workspace `{0}` has no keys")]
    NoWorkspace(String),
    #[error("the workspace `{0}` has keys already")]
    WorkspaceExists(String),
    #[error("the {purpose} keys of the workspace `{workspace}` have no epoch {epoch}")]
    NoEpoch { workspace: String, purpose: Purpose, epoch: u64 },
    /// What was sealed in it is erased for good.
    #[error("epoch {epoch} of the {purpose} keys of the workspace `{workspace}` has been destroyed")]
    EpochDestroyed { workspace: String, purpose: Purpose, epoch: u64 },
    #[error(
        "epoch {epoch} of the {purpose} keys of the workspace `{workspace}` is in use; begin a new one before it is destroyed"
    )]
    EpochInUse { workspace: String, purpose: Purpose, epoch: u64 },
    /// The key is out of use and its file replaced, and older files with it are still there: asking again removes them.
    #[error("older copies of the keys of the workspace `{workspace}` could not be removed")]
    NotErased {
        workspace: String,
        #[source]
        source: Box<KeyError>,
    },
    #[error("`{object}` is not sealed, or not in a form that is known")]
    NotSealed { object: String },
    /// Which of these it is cannot be told.
    #[error("`{object}` is damaged, cut off, or was sealed as something else")]
    NotAuthentic { object: String },
    #[error("there is a signing key in `{path}` already")]
    SigningKeyExists { path: String },
    #[error("`{path}`: {why}")]
    NotAKey { path: String, why: String },
    #[error("{bytes} bytes are more than can be sealed as one")]
    TooLarge { bytes: u64 },
    #[error("bytes {start} to {end} are not in `{object}`, which has {len}")]
    OutOfRange { object: String, start: u64, end: u64, len: u64 },
    #[cfg(feature = "parquet")]
    #[error("`{object}` cannot be encrypted or decrypted as a Parquet file")]
    Parquet { object: String, source: parquet::errors::ParquetError },
    #[error("a chunk of {0} bytes is not between {min} and {max}", min = crate::stream::CHUNK_BYTES_MIN, max = crate::stream::CHUNK_BYTES_MAX)]
    ChunkSize(u32),
}

impl KeyError {
    pub(crate) fn io(path: &str) -> impl FnOnce(io::Error) -> KeyError {
        move |source| KeyError::Io { path: path.to_string(), source }
    }

    pub(crate) fn damaged(path: &str) -> KeyError {
        KeyError::Damaged { path: path.to_string() }
    }
}
