//! Putting every workspace under another root key, as after a disaster or when the root key may be known to somebody.
//!
//! ```text
//! backend.rotate() ─► KeyStore::rewrap_all(check) ─► KeyStore::retire_root(old)
//! ```
//!
//! Data keys stay, and so does what they sealed. Until the old root key is retired both are valid: after a crash, `rewrap_all` goes on
//! with the workspaces that are left. To change the backend, open the store with the new one and the old one among the former.

use crate::KeyError;
use crate::backend::RootId;
use crate::store::KeyStore;

/// What became of a workspace.
#[derive(Debug)]
pub struct Rewrap {
    pub workspace: String,
    /// The root key of before, as far as it could be read.
    pub old: Option<RootId>,
    pub result: Result<Rewrapped, KeyError>,
}

/// Whether something had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrapped {
    Now,
    /// It was under the root key already.
    Before,
}

/// What became of all workspaces.
#[derive(Debug)]
pub struct RewrapSummary {
    /// The root key under which they are to be.
    pub new: RootId,
    /// By workspace, ascending.
    pub outcomes: Vec<Rewrap>,
}

impl RewrapSummary {
    /// Returns how many workspaces are under the new root key.
    pub fn n_ok(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.result.is_ok()).count()
    }

    /// Returns how many workspaces are not.
    pub fn n_failed(&self) -> usize {
        self.outcomes.len() - self.n_ok()
    }
}

impl KeyStore {
    /// Puts every workspace under the root key with which the backend wraps now. What fails for one does not stop the others. `check` is
    /// asked before each that is not there yet and may refuse with a reason, for instance when the workspace's log is behind what
    /// witnesses have seen.
    ///
    /// # Errors
    /// When the backend cannot be asked or the folder cannot be read.
    pub fn rewrap_all(&self, mut check: impl FnMut(&str) -> Result<(), String>) -> Result<RewrapSummary, KeyError> {
        let new = self.backend().key_id().map_err(KeyError::Root)?;
        let mut outcomes = Vec::new();
        for workspace in self.workspaces()? {
            let old = self.root_of(&workspace).ok();
            let refused = |why| KeyError::NotRewrapped { workspace: workspace.clone(), why };
            let checked = if old.as_ref() == Some(&new) { Ok(()) } else { check(&workspace).map_err(refused) };
            let result = checked.and_then(|()| self.rewrap(&workspace, &new));
            let result = result.map(|was_needed| if was_needed { Rewrapped::Now } else { Rewrapped::Before });
            outcomes.push(Rewrap { workspace, old, result });
        }
        Ok(RewrapSummary { new, outcomes })
    }

    /// Destroys a former root key of the backend, unless a workspace needs it. One whose keys cannot be read is taken to need it.
    ///
    /// # Errors
    /// [`KeyError::RootInUse`], and when the backend cannot be asked or refuses.
    pub fn retire_root(&self, root: &RootId) -> Result<(), KeyError> {
        for workspace in self.workspaces()? {
            if self.root_of(&workspace).ok().is_none_or(|needed| needed == *root) {
                return Err(KeyError::RootInUse { root: root.to_string(), workspace });
            }
        }
        self.surroundings().backend.retire(root).map_err(KeyError::Root)
    }
}
