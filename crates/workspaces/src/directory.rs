//! Which workspace a text names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ingest::{Vault, split_origin};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{WorkspaceError, file};

const FIRST_LINE: &str = "# vidimus workspace ids 1";
/// What resource ids of workspaces begin with here: Azure's form, of which only the last part says something.
const RESOURCE_PREFIX: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/vidimus/providers";
const WORKSPACE_TYPE: &str = "Microsoft.OperationalInsights/workspaces";

/// The workspaces of a store by all that names them.
pub struct Directory {
    vault: Arc<Vault>,
    path: PathBuf,
    /// The workspace of the store's own records, if it has one.
    own: Option<String>,
    /// Ids that were given, by the workspace's name.
    given: Mutex<BTreeMap<String, Uuid>>,
    /// Ids that were made, which never change.
    derived: Mutex<BTreeMap<String, Uuid>>,
}

impl Directory {
    /// Opens the directory of a store.
    ///
    /// # Errors
    /// When the file of given ids cannot be read.
    pub fn open(vault: Arc<Vault>) -> Result<Directory, WorkspaceError> {
        let path = vault.root().join("workspace-ids");
        let mut given = BTreeMap::new();
        if let Some(bytes) = file::read(&path)? {
            let text = String::from_utf8_lossy(&bytes);
            for (line, number) in text.lines().zip(1..) {
                if number == 1 && line == FIRST_LINE {
                    continue;
                }
                let entry = line.split_once('\t').and_then(|(name, id)| Some((name, Uuid::parse_str(id).ok()?)));
                let (name, id) = entry.ok_or_else(|| WorkspaceError::Damaged { path: path.clone(), line: number })?;
                given.insert(name.to_string(), id);
            }
        }
        Ok(Directory { vault, path, own: None, given: Mutex::new(given), derived: Mutex::default() })
    }

    /// Returns the names of all workspaces, in order.
    pub fn names(&self) -> Vec<String> {
        self.vault.workspaces()
    }

    /// Says which workspace is that of the store's own records.
    #[must_use]
    pub fn with_own(self, name: &str) -> Directory {
        Directory { own: Some(name.to_string()), ..self }
    }

    /// Returns the names of all workspaces but that of the store's own records, in order.
    pub fn names_of_others(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| self.own.as_ref() != Some(name)).collect()
    }

    /// Returns a workspace's id; `None` when there is no such workspace.
    pub fn id(&self, name: &str) -> Option<Uuid> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        self.vault.workspace(name)?;
        given.or_else(|| self.derived(name))
    }

    /// Returns the id that follows from the store's first name and the workspace's, which a restored store keeps.
    fn derived(&self, name: &str) -> Option<Uuid> {
        let mut known = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.get(name) {
            return Some(*id);
        }
        let keys = self.vault.keys(name).ok()?;
        let log = keys.first()?.name().to_string();
        let (store, _) = split_origin(log.strip_suffix(name)?.strip_suffix('/')?);
        let hash = Sha256::digest(format!("vidimus workspace id\n{store}\n{name}").as_bytes());
        let bytes: [u8; 16] = hash.first_chunk().copied()?;
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        known.insert(name.to_string(), id);
        Some(id)
    }

    /// Gives a workspace an id, in place of the one that it had.
    ///
    /// # Errors
    /// `UnknownWorkspace`; `NoGuid`; `IdTaken`; when the file cannot be written.
    pub fn give(&self, name: &str, id: &str) -> Result<Uuid, WorkspaceError> {
        if self.vault.workspace(name).is_none() {
            return Err(WorkspaceError::UnknownWorkspace { name: name.to_string() });
        }
        let id = Uuid::parse_str(id.trim()).map_err(|_| WorkspaceError::NoGuid { text: id.to_string() })?;
        if let Some(other) = self.names().into_iter().find(|other| other != name && self.id(other) == Some(id)) {
            return Err(WorkspaceError::IdTaken { id, name: other });
        }
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.get(name) == Some(&id) {
            return Ok(id);
        }
        let mut next = given.clone();
        next.insert(name.to_string(), id);
        let mut text = format!("{FIRST_LINE}\n");
        next.iter().for_each(|(name, id)| text.push_str(&format!("{name}\t{id}\n")));
        file::replace(&self.path, text.as_bytes())?;
        *given = next;
        Ok(id)
    }

    /// Returns the name of the workspace that a text names: by its name, its id or its resource id.
    pub fn find(&self, text: &str) -> Option<String> {
        let text = resource_name(text).unwrap_or(text);
        if self.vault.workspace(text).is_some() {
            return Some(text.to_string());
        }
        let names = self.names();
        if let Ok(id) = Uuid::parse_str(text) {
            return names.into_iter().find(|name| self.id(name) == Some(id));
        }
        let mut alike = names.into_iter().filter(|name| name.eq_ignore_ascii_case(text));
        alike.next().filter(|_| alike.next().is_none())
    }

    /// Returns a workspace's resource id.
    pub fn resource_id(&self, name: &str) -> String {
        format!("{RESOURCE_PREFIX}/{WORKSPACE_TYPE}/{name}")
    }
}

/// Returns the last part of a workspace's resource id: `prod` of `/subscriptions/.../Microsoft.OperationalInsights/workspaces/prod`.
/// `None` when it is no such id.
pub fn resource_name(id: &str) -> Option<&str> {
    let parts: Vec<&str> = id.trim_matches('/').split('/').collect();
    let [head @ .., provider, kind, name] = parts.as_slice() else { return None };
    let is_workspace = format!("{provider}/{kind}").eq_ignore_ascii_case(WORKSPACE_TYPE);
    let is_resource = head.first().is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"));
    (is_workspace && is_resource && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::VaultOptions;
    use stdx::SystemClock;

    fn vault(folder: &std::path::Path) -> Arc<Vault> {
        Arc::new(Vault::open(folder, Arc::new(SystemClock), VaultOptions::default()).unwrap_or_else(|e| panic!("{e}")))
    }

    #[test]
    fn a_workspace_is_found_by_all_its_names_and_keeps_its_id() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let given = "11111111-2222-3333-4444-555555555555";
        let derived = {
            let vault = vault(folder.path());
            for name in ["prod", "test"] {
                vault.create_workspace(name).unwrap_or_else(|e| panic!("{e}"));
            }
            let directory = Directory::open(vault).unwrap_or_else(|e| panic!("{e}"));
            assert_ne!(directory.id("prod"), directory.id("test"));
            directory.give("test", given).unwrap_or_else(|e| panic!("{e}"));
            assert!(matches!(directory.give("prod", given), Err(WorkspaceError::IdTaken { .. })));
            assert!(matches!(directory.give("prod", "x"), Err(WorkspaceError::NoGuid { .. })));
            assert!(matches!(directory.give("none", given), Err(WorkspaceError::UnknownWorkspace { .. })));
            directory.id("prod")
        };
        let directory = Directory::open(vault(folder.path())).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(directory.id("prod"), derived);
        let resource = directory.resource_id("test");
        for text in ["test", "TEST", given, &given.replace('-', ""), &resource, &resource.to_lowercase()] {
            assert_eq!(directory.find(text).as_deref(), Some("test"), "{text}");
        }
        for text in ["", "none", "00000000-dead-beef-0000-000000000000", "/subscriptions/s/workspaces/test"] {
            assert_eq!(directory.find(text), None, "{text}");
        }
    }
}
