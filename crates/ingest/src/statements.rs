//! Acts about the store itself, such as another root key: a document beside the log, and an entry with its hash.

use sequencer::storage::replace;
use stdx::crash_point;
use tlog::Hash;
use tlog::entry::{Act, ActKind, Entry};

use crate::error::VaultError;
use crate::vault::Vault;

/// Something to be stated in a workspace's log.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub kind: ActKind,
    /// What it is about; not a person.
    pub subject: &'a str,
    /// The particulars, with the reason. Their hash is in the log, and they are beside it.
    pub document: &'a [u8],
    /// Who asked and who approved, as references; at least one.
    pub authorities: &'a [String],
}

/// Returns the path of a statement's document, relative to the store's folder.
pub fn statement_path(workspace: &str, document: &Hash) -> String {
    format!("ws/{workspace}/statements/{document}.json")
}

impl Vault {
    /// Makes the document durable, seals the statement and returns the index of its entry.
    ///
    /// # Errors
    /// When there is no such workspace, the document cannot be written, or the entry is not sealed.
    pub fn state(&self, workspace: &str, statement: Statement<'_>) -> Result<u64, VaultError> {
        let unknown = || VaultError::UnknownWorkspace { name: workspace.to_string() };
        let workspace = self.inner.workspace(workspace).ok_or_else(unknown)?;
        let Statement { kind, subject, document: bytes, authorities } = statement;
        let document = Hash::of(bytes);
        let path = statement_path(workspace.name(), &document);
        replace(&*self.inner.storage, &path, bytes).map_err(VaultError::io(path))?;
        crash_point("sealed.statement-written");
        let (subject, authorities, time) = (subject.to_string(), authorities.to_vec(), self.inner.clock.now_ticks());
        self.inner.seal_entry(&workspace, Entry::Act(Act { kind, subject, document, authorities, time }))
    }
}
