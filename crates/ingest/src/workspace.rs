//! A workspace: its tables, and the log that they share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use entities::Entities;
use extents::{ExtentError, ExtentFile};
use tlog::entry::Extent;

use crate::acts::Governance;
use crate::at_rest::AtRest;
use crate::table::Table;

/// A workspace of the store.
pub struct Workspace {
    name: String,
    /// The folder of its log, schemas and files.
    folder: PathBuf,
    at_rest: AtRest,
    tables: RwLock<BTreeMap<String, Arc<Table>>>,
    pub(crate) governance: Mutex<Governance>,
    /// What names stand for, as of the last change.
    entities: RwLock<Arc<Entities>>,
}

impl Workspace {
    pub(crate) fn new(
        name: &str,
        root: &Path,
        at_rest: AtRest,
        tables: BTreeMap<String, Arc<Table>>,
        governance: Governance,
    ) -> Workspace {
        let (name, folder) = (name.to_string(), root.join("ws").join(name));
        let entities = RwLock::new(Arc::new(governance.rules.entities().clone()));
        Workspace { name, folder, at_rest, tables: RwLock::new(tables), governance: Mutex::new(governance), entities }
    }

    /// Returns the workspace's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the folder of its log, schemas and files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how the workspace's data are at rest.
    pub fn at_rest(&self) -> &AtRest {
        &self.at_rest
    }

    /// Opens a file of records that an entry of the log is about.
    ///
    /// # Errors
    /// As [`ExtentFile::open_sealed`].
    pub fn open_extent(&self, extent: Extent) -> Result<ExtentFile, ExtentError> {
        ExtentFile::open_sealed(&self.folder, extent, self.at_rest.sealer())
    }

    /// Returns what names stand for.
    pub fn entities(&self) -> Arc<Entities> {
        self.entities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up a change of names that was sealed.
    pub(crate) fn set_entities(&self, entities: Entities) {
        *self.entities.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(entities);
    }

    /// Returns a stored table by the exact name under which its records are sealed.
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns the stored tables that have columns, in the order of the names under which their records are sealed.
    pub fn tables(&self) -> Vec<Arc<Table>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let tables: Vec<Arc<Table>> = tables.values().cloned().collect();
        // One whose first schema is being written is none yet.
        tables.into_iter().filter(|table| table.schema().is_some()).collect()
    }

    /// Returns the bytes of memory that rows in no file take, about.
    pub(crate) fn n_hot_bytes(&self) -> usize {
        self.tables().iter().map(|table| table.state().hot.n_bytes()).sum()
    }

    /// Returns a table, making it if it is not there.
    pub(crate) fn table_or(&self, name: &str, make: impl FnOnce() -> Table) -> Arc<Table> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.entry(name.to_string()).or_insert_with(|| Arc::new(make())).clone()
    }
}
