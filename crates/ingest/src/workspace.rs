//! A workspace: its tables, and the log that they share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

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
        Workspace { name, folder, at_rest, tables: RwLock::new(tables), governance: Mutex::new(governance) }
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

    /// Returns a table by its exact name.
    pub fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns the tables that have columns, in the order of their names.
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

/// Returns whether a text may name a table: it is also the name of a folder.
pub(crate) fn is_table_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= 128 && name.chars().all(is_plain)
}
