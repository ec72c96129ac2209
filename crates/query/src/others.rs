//! Tables of other databases, which are looked for when a query names them.

use crate::table::{TableSource, Tables};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where tables of other databases are found.
pub trait OtherDatabases: Send + Sync {
    /// Returns a database's own name and its tables, by the name that a query gives it.
    ///
    /// # Errors
    /// Why it cannot be read, for whoever wrote the query.
    fn tables(&self, name: &str) -> Result<(String, Tables), String>;
}

/// Stands between the names of a database and of its table; no name holds it.
const SEPARATOR: char = '\u{1f}';

/// Takes the name of another database's table, as plans have it, apart: the database's as the query gives it, and the table's.
pub fn split_name(name: &str) -> Option<(&str, &str)> {
    name.split_once(SEPARATOR)
}

/// A database, or why it cannot be read.
type Found = Result<(String, Arc<Tables>), String>;

/// The other databases of one query. Each is looked at once, so that all of the query sees the same.
pub(crate) struct Others {
    source: Arc<dyn OtherDatabases>,
    found: Mutex<BTreeMap<String, Found>>,
}

impl Others {
    pub fn new(source: Arc<dyn OtherDatabases>) -> Others {
        Others { source, found: Mutex::default() }
    }

    /// Returns the name by which a table of a database is known here.
    pub fn known_as(database: &str, table: &str) -> String {
        format!("{database}{SEPARATOR}{table}")
    }

    /// Returns the tables of a database.
    pub fn tables(&self, name: &str) -> Result<Arc<Tables>, String> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let look = || self.source.tables(name).map(|(own, tables)| (own, Arc::new(tables)));
        found
            .entry(name.to_string())
            .or_insert_with(look)
            .as_ref()
            .map(|(_, tables)| tables.clone())
            .map_err(Clone::clone)
    }

    /// Returns the names of a database's tables; none when it cannot be read.
    pub fn names(&self, database: &str) -> Vec<String> {
        self.tables(database).map_or_else(|_| Vec::new(), |tables| tables.own_names().cloned().collect())
    }

    /// Returns a table by the name by which it is known here.
    pub fn get(&self, name: &str) -> Option<Arc<dyn TableSource>> {
        let (database, table) = split_name(name)?;
        self.tables(database).ok()?.get(table)
    }

    /// Returns the own names of the databases that were read.
    pub fn read(&self) -> Vec<String> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<String> = found.values().flatten().map(|(own, _)| own.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}
