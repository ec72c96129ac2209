//! Acts of governance: a document beside the log, an entry with its hash, and what follows from all of them.
//!
//! A document that is missing or was changed stops every act in its workspace, and with that all destruction; records are taken on.

use std::sync::{Arc, MutexGuard, PoisonError};

use lifecycle::{Document, LifecycleError, Rules};
use sequencer::storage::{Storage, replace};
use stdx::crash_point;
use tlog::Hash;
use tlog::entry::{Act, Entry};

use crate::error::{ActError, VaultError};
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// Returns the path of a document, relative to the store's folder.
pub fn document_path(workspace: &str, document: &Hash) -> String {
    format!("ws/{workspace}/acts/{document}.json")
}

impl Vault {
    /// Returns the holds and retention policies that are in force in a workspace.
    ///
    /// # Errors
    /// When there is no such workspace, or a document of its acts cannot be read.
    pub fn rules(&self, workspace: &str) -> Result<Rules, ActError> {
        let workspace = self.inner.governed(workspace)?;
        let governance = workspace.govern()?;
        Ok(governance.rules.clone())
    }

    /// Seals a hold, its end, or a retention policy, and returns the index of the act's entry. `authorities` say who asked and who approved,
    /// as references; names of persons do not belong there.
    ///
    /// # Errors
    /// When the act cannot be done, or is not sealed.
    pub fn govern(&self, workspace: &str, document: Document, authorities: &[String]) -> Result<u64, ActError> {
        let workspace = self.inner.governed(workspace)?;
        let mut governance = workspace.govern()?;
        let document = workspace.sealed_names(document);
        self.inner.seal_act(&workspace, &mut governance.rules, document, authorities)
    }
}

/// What governs a workspace's records.
#[derive(Debug, Default)]
pub(crate) struct Governance {
    pub rules: Rules,
    /// Why not all acts are known; then none is done.
    pub unreadable: Option<String>,
}

impl Workspace {
    /// Locks the rules: while somebody has them, no act is done.
    pub(crate) fn govern(&self) -> Result<MutexGuard<'_, Governance>, ActError> {
        let governance = self.governance.lock().unwrap_or_else(PoisonError::into_inner);
        match &governance.unreadable {
            None => Ok(governance),
            Some(why) => Err(ActError::Unreadable { why: why.clone() }),
        }
    }
}

impl Inner {
    pub fn governed(&self, name: &str) -> Result<Arc<Workspace>, ActError> {
        self.workspace(name).ok_or_else(|| ActError::UnknownWorkspace { name: name.to_string() })
    }

    /// Seals an act and takes up what follows from it.
    pub fn seal_act(
        &self,
        workspace: &Workspace,
        rules: &mut Rules,
        document: Document,
        authorities: &[String],
    ) -> Result<u64, ActError> {
        rules.check(&document)?;
        let bytes = document.to_bytes();
        let hash = Hash::of(&bytes);
        let path = document_path(workspace.name(), &hash);
        replace(&*self.storage, &path, &bytes).map_err(VaultError::io(&path))?;
        crash_point("act.document-written");
        let (kind, subject) = (document.kind(), document.subject().to_string());
        // The sequencer says when.
        let act = Act { kind, subject, document: hash, authorities: authorities.to_vec(), time: 0 };
        let entry = self.seal_entry(workspace, Entry::Act(act))?;
        crash_point("act.sealed");
        let is_change = matches!(document, Document::Change(_));
        // Not before it was sealed: what is counted from here ends no earlier than the log says.
        rules.add(entry, self.clock.now_ticks(), document);
        if is_change {
            workspace.set_entities(rules.entities().clone());
        }
        Ok(entry)
    }
}

/// Returns what follows from the acts of a log.
pub(crate) fn read_rules(storage: &dyn Storage, workspace: &str, acts: &[(u64, Act)]) -> Governance {
    let mut rules = Rules::default();
    let unreadable = add_acts(storage, workspace, acts, &mut rules).err();
    Governance { rules, unreadable }
}

fn add_acts(storage: &dyn Storage, workspace: &str, acts: &[(u64, Act)], rules: &mut Rules) -> Result<(), String> {
    for (entry, act) in acts.iter().filter(|(_, act)| lifecycle::has_document(act.kind)) {
        let path = document_path(workspace, &act.document);
        let failed = |why: String| format!("`{path}`, the document of entry {entry}: {why}");
        let bytes = storage.read(&path).map_err(|error| failed(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| failed("it is missing".to_string()))?;
        let document = Document::parse(act, &bytes).map_err(|error: LifecycleError| failed(error.to_string()))?;
        if let Some(document) = document {
            rules.add(*entry, act.time, document);
        }
    }
    Ok(())
}
