//! What is kept beside the tables: subscriptions and searches, in files under `office/`, sealed where the store is encrypted.

use std::sync::Arc;

use ingest::Vault;
use keys::Purpose;
use sequencer::storage::replace;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;

const FOLDER: &str = "office";

/// Small documents of a store's workspaces.
pub(crate) struct Kept {
    vault: Arc<Vault>,
}

impl Kept {
    /// Returns those of a store.
    pub fn new(vault: Arc<Vault>) -> Kept {
        Kept { vault }
    }

    /// Returns a document; `None` when there is none. `kind` and `name` are ours, never what a client sent.
    pub fn read<T: DeserializeOwned>(&self, workspace: &str, kind: &str, name: &str) -> Result<Option<T>, Fault> {
        let object = object(workspace, kind, name);
        let Some(mut bytes) = self.vault.storage().read(&object).map_err(|_| Fault::Kept)? else { return Ok(None) };
        let of = self.vault.workspace(workspace).ok_or(Fault::Kept)?;
        if let Some(sealer) = of.at_rest().sealer() {
            sealer.open(Purpose::Signing, &object, &mut bytes).map_err(|_| Fault::Kept)?;
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| Fault::Kept)
    }

    /// Keeps a document in the place of what was there; it is durable when this returns.
    pub fn write<T: Serialize>(&self, workspace: &str, kind: &str, name: &str, document: &T) -> Result<(), Fault> {
        let object = object(workspace, kind, name);
        let mut bytes = serde_json::to_vec(document).map_err(|_| Fault::Kept)?;
        let of = self.vault.workspace(workspace).ok_or(Fault::Kept)?;
        if let Some(sealer) = of.at_rest().sealer() {
            sealer.seal(Purpose::Signing, &object, &mut bytes).map_err(|_| Fault::Kept)?;
        }
        replace(&*self.vault.storage(), &object, &bytes).map_err(|_| Fault::Kept)
    }

    /// Returns the names of all documents of a kind.
    pub fn names(&self, workspace: &str, kind: &str) -> Result<Vec<String>, Fault> {
        let folder = format!("{FOLDER}/{workspace}/{kind}");
        let found = self.vault.storage().list(&folder).map_err(|_| Fault::Kept)?;
        Ok(found.into_iter().filter_map(|name| name.strip_suffix(".json").map(str::to_string)).collect())
    }

    /// Removes a document.
    pub fn remove(&self, workspace: &str, kind: &str, name: &str) -> Result<(), Fault> {
        self.vault.storage().remove(&object(workspace, kind, name)).map_err(|_| Fault::Kept)
    }
}

fn object(workspace: &str, kind: &str, name: &str) -> String {
    format!("{FOLDER}/{workspace}/{kind}/{name}.json")
}
