//! What can go wrong with ids and keys of workspaces.

use std::path::PathBuf;

use keys::KeyError;

/// Why an id or a key is not there or not changed.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("there is no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("`{text}` is no guid, such as 6f3c1072-2739-461c-8aa7-3cfc8ff528a8")]
    NoGuid { text: String },
    #[error("the id {id} is that of the workspace `{name}`")]
    IdTaken { id: uuid::Uuid, name: String },
    #[error("a key is at least {min} bytes in base64")]
    NoKey { min: usize },
    #[error("`{name}` is no key of a workspace: there are `primary` and `secondary`")]
    UnknownSlot { name: String },
    #[error("cannot {step} {}", path.display())]
    File { step: &'static str, path: PathBuf, source: std::io::Error },
    #[error("line {line} of {} cannot be read", path.display())]
    Damaged { path: PathBuf, line: usize },
    #[error("the keys of the workspace `{workspace}` cannot be encrypted or decrypted")]
    Sealed { workspace: String, source: KeyError },
    #[error("the system gives no random bytes")]
    NoEntropy,
}
