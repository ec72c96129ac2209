//! Another root key for an encrypted store: every workspace is put under it, with an act in its log, and the one of before is destroyed.
//!
//! ```text
//! new root key ─► per workspace: act in its log ─► its keys under the new root key ─► ... ─► former root keys destroyed
//! ```
//!
//! Data stay as they are. The act comes first: a workspace is never under a root key that its log does not know. After a crash both root
//! keys are there, and asking again goes on with the workspaces that are left.

use keys::{Cost, KeyBackend, KeyError, Passphrase, RootId};
use serde_json::json;
use stdx::{crash_point, error_chain};
use tlog::entry::ActKind;

use crate::error::VaultError;
use crate::statements::Statement;
use crate::vault::Vault;

/// What became of a rotation.
#[derive(Debug)]
pub struct Rotation {
    pub new: RootId,
    /// By workspace, ascending: the entry of the act, `None` where the keys were under the root key already; or why they are not.
    pub workspaces: Vec<(String, Result<Option<u64>, String>)>,
    /// Former root keys that were destroyed.
    pub retired: Vec<RootId>,
    /// Former root keys that are still there, and why.
    pub kept: Vec<(RootId, String)>,
}

impl Rotation {
    /// Returns whether every workspace is under the new root key, and no other is left.
    pub fn is_complete(&self) -> bool {
        self.kept.is_empty() && self.workspaces.iter().all(|(_, result)| result.is_ok())
    }
}

impl Vault {
    /// Makes a new root key, puts every workspace's keys under it, and destroys those of before. With `passphrase` the root keys are behind
    /// that one from now on. `reason` and `authorities` go into an act in the log of each workspace.
    ///
    /// # Errors
    /// When the store is plain, or the root keys cannot be changed. What fails for one workspace does not stop the others.
    pub fn rotate_root_key(
        &self,
        passphrase: Option<(&Passphrase, Cost)>,
        reason: &str,
        authorities: &[String],
    ) -> Result<Rotation, VaultError> {
        let sealed = self.inner.keys.sealed().ok_or(VaultError::NotEncrypted)?;
        let root = |error| VaultError::Keys(KeyError::Root(error));
        if let Some((passphrase, cost)) = passphrase {
            sealed.root.change_passphrase(passphrase, cost).map_err(root)?;
        }
        // More than one: an earlier rotation was interrupted, and is completed.
        let is_interrupted = sealed.root.roots().map_err(root)?.len() > 1;
        let new = if is_interrupted { sealed.root.key_id() } else { sealed.root.rotate() }.map_err(root)?;
        let mut entries = std::collections::BTreeMap::new();
        let summary = sealed.keys.rewrap_all(|workspace| {
            // One that was being made when the process ended has no log.
            if self.inner.workspace(workspace).is_none() {
                return Ok(());
            }
            let document = json!({ "to": new.as_str(), "reason": reason }).to_string();
            let statement = Statement {
                kind: ActKind::KeysRewrapped,
                subject: new.as_str(),
                document: document.as_bytes(),
                authorities,
            };
            let entry = self.state(workspace, statement).map_err(|error| error_chain(&error))?;
            entries.insert(workspace.to_string(), entry);
            Ok(())
        })?;
        crash_point("sealed.rewrapped");
        let outcome = |outcome: keys::Rewrap| {
            let result = outcome.result.map(|_| entries.get(&outcome.workspace).copied());
            (outcome.workspace, result.map_err(|error| error_chain(&error)))
        };
        let workspaces = summary.outcomes.into_iter().map(outcome).collect();
        let mut rotation = Rotation { new, workspaces, retired: Vec::new(), kept: Vec::new() };
        for former in sealed.root.roots().map_err(root)?.into_iter().filter(|id| *id != rotation.new) {
            match sealed.keys.retire_root(&former) {
                Ok(()) => rotation.retired.push(former),
                Err(error) => rotation.kept.push((former, error_chain(&error))),
            }
        }
        Ok(rotation)
    }
}
