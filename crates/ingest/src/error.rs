//! What can go wrong, for those who send and for those who run a store.

use std::path::PathBuf;

use extents::{CatalogError, ExtentError, StoredSchemaError};
use keys::KeyError;
use lifecycle::LifecycleError;
use sequencer::{AdoptError, OpenError, SubmitError};
use tlog::TextError;

use crate::seal::SealError;

/// Why a request's records were not taken, or not all of them. It can be sent again under its id, and none of them is taken twice.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("there is no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("there is no table `{name}` in the workspace{}", nearest(.near))]
    UnknownTable { name: String, near: Option<String> },
    #[error("`{name}` cannot name a table: 1 to 128 letters, digits, `_`, `-` and `.`, a letter or `_` first")]
    TableName { name: String },
    /// Whoever could write into it could say what others did.
    #[error(
        "only the store itself writes the table `{name}`; hand records of another system in under another name, such as `{name}_CL`"
    )]
    OwnTable { name: String },
    #[error("cannot change the columns")]
    Schema(#[from] StoredSchemaError),
    /// The store is full or slow, and will be able later.
    #[error("{why}; try again in {retry_after_ms} ms")]
    Busy { why: String, retry_after_ms: u64 },
    #[error("the records were not taken")]
    Submit(#[source] SubmitError),
    #[error("the records cannot be sealed")]
    Seal(#[from] SealError),
    #[error("the records cannot be put into columns")]
    Columns(#[from] arrow::error::ArrowError),
    #[error("cannot write `{path}`")]
    Write { path: String, source: std::io::Error },
    #[error("the records cannot be encrypted")]
    Encrypt(#[source] KeyError),
    #[error("no random bytes: {0}")]
    Random(String),
    /// What is to be made first is an act, and was not done.
    #[error("{0}")]
    Act(#[source] Box<ActError>),
}

fn nearest(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!("; is it `{near}`?"))
}

/// Why a store cannot be opened, or a table not be read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("cannot open the log of the store")]
    Sequencer(#[from] OpenError),
    #[error("cannot use the keys of the store")]
    Keys(#[from] KeyError),
    #[error("the logs cannot begin anew")]
    Adopt(#[from] AdoptError),
    #[error("the store is not encrypted: it has no root keys")]
    NotEncrypted,
    #[error("cannot use the keys of the workspace `{workspace}`")]
    WorkspaceKeys { workspace: String, source: KeyError },
    #[error("cannot read or write `{path}`")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("`{path}` is no {what}")]
    Form { path: PathBuf, what: &'static str, source: TextError },
    #[error("the log of the workspace `{workspace}` is damaged: {why}")]
    Log { workspace: String, why: String },
    #[error("the log of the workspace `{workspace}` contradicts itself")]
    Catalog { workspace: String, source: CatalogError },
    #[error("records {first} to {end} of `{table}` are sealed and in no file")]
    Missing { table: String, first: u64, end: u64 },
    #[error("the table `{table}` cannot be read")]
    Extent { table: String, source: std::sync::Arc<ExtentError> },
    /// The entry that names a file is not in the log: the file says nothing.
    #[error("an entry was not sealed: {why}")]
    NotSealed { why: String },
    /// The entry that names a file may be in the log or not, which the next start finds out.
    #[error("it is not known whether an entry was sealed: {why}")]
    MaybeSealed { why: String },
    #[error("the log was not published: {why}")]
    NotPublished { why: String },
    #[error("the workspace `{name}` is there already")]
    WorkspaceExists { name: String },
    #[error("`{name}` cannot name a workspace: 1 to 128 letters, digits, `_` and `-`")]
    WorkspaceName { name: String },
    #[error("there is no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("there is no table `{name}`")]
    UnknownTable { name: String },
    #[error("no random bytes: {0}")]
    Random(String),
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why an act of governance was not done, or not to its end; what was sealed of it is done at the next occasion.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("there is no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("there is no table `{name}` in the workspace")]
    UnknownTable { name: String },
    #[error("there is no column `{name}` in the table `{table}`")]
    UnknownColumn { table: String, name: String },
    #[error("the column `{name}` cannot be erased: records are kept by it")]
    FixedColumn { name: String },
    #[error("the column `{name}` holds no text, by which records could be found")]
    NoText { name: String },
    #[error("no column is named whose cells are to be erased")]
    NoColumns,
    #[error("there is no record at position {position} of entry {entry} in the table `{table}`")]
    UnknownRecord { table: String, entry: u64, position: u64 },
    #[error("{n} records are found, and {max} are erased at once at most")]
    TooMany { n: usize, max: usize },
    #[error("{0}")]
    Lifecycle(#[from] LifecycleError),
    #[error("the legal hold `{hold}` covers some of the records")]
    Held { hold: String },
    #[error("the acts of this workspace are not all known: {why}")]
    Unreadable { why: String },
    #[error("the store cannot do it now")]
    Vault(#[from] VaultError),
}

impl VaultError {
    /// Returns a function that says which file an error is about.
    pub(crate) fn io<P: Into<PathBuf>>(path: P) -> impl FnOnce(std::io::Error) -> VaultError + use<P> {
        let path = path.into();
        move |source| VaultError::Io { path, source }
    }
}
