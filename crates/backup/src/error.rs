//! Why a backup cannot be made or used.

use std::path::{Path, PathBuf};

use crate::refusal::Refusal;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("cannot read or write `{path}`")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("`{text}` names no place for backups: {why}")]
    Place { text: String, why: String },
    #[error("cannot use `{name}` in {place}")]
    Object { place: String, name: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("`{path}` is no folder of a store")]
    NoStore { path: PathBuf },
    #[error("{place} has backups of another store, `{found}`; this one is `{origin}`")]
    OtherStore { place: String, found: String, origin: String },
    #[error("the log of the workspace `{workspace}` cannot be read: {why}")]
    Log { workspace: String, why: String },
    #[error(
        "{n} entries of the workspace `{workspace}` are not published yet, and no server is there to do it: start it once"
    )]
    Unpublished { workspace: String, n: u64 },
    /// What was acknowledged may be there, and cannot be known.
    #[error("`{path}`: {what}; no backup is made of a damaged store")]
    DamagedWal { path: PathBuf, what: String },
    #[error("the write-ahead log cannot be read")]
    Wal(#[from] sequencer::OpenError),
    /// The server was quicker each time; it can be tried again.
    #[error("the store changed while it was read, {n_tries} times: {why}")]
    Restless { n_tries: usize, why: String },
    #[error("`{name}` in {place} is damaged: {why}")]
    Damaged { place: String, name: String, why: String },
    #[error("there is no backup in {place}{}", before.as_ref().map(|time| format!(" that was made by {time}")).unwrap_or_default())]
    NoBackup { place: String, before: Option<String> },
    #[error("`{path}` is there already, and a store is restored into a new folder")]
    Exists { path: PathBuf },
    #[error("the backup has no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("the checkpoint in `{name}` is of no log in the backup")]
    UnknownLog { name: String },
    #[error("the checkpoint in `{name}` cannot be read")]
    Checkpoint { name: String, source: tlog::TextError },
    #[error("not restored:{}", .0.iter().map(|refusal| format!("\n  {refusal}")).collect::<String>())]
    Refused(Vec<Refusal>),
    #[error("the backup is of an encrypted store, and its passphrase is missing")]
    NoPassphrase,
    #[error("cannot use the keys")]
    Keys(#[from] keys::KeyError),
    #[error("the store cannot be made")]
    Vault(#[from] ingest::VaultError),
    #[error("the restored store cannot be verified")]
    Verify(#[from] verify::VerifyError),
    #[error("the restored store is not whole:{}", .0.iter().map(|finding| format!("\n  {finding}")).collect::<String>())]
    NotWhole(Vec<String>),
}

impl BackupError {
    /// Returns a function that says which file an error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError + use<> {
        let path = path.to_path_buf();
        move |source| BackupError::Io { path, source }
    }
}
