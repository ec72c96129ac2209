//! What can be asked: databases by name, and their tables.

use query::Tables;

/// The databases of an installation. A database is a workspace under its Kusto name.
pub trait Databases: Send + Sync {
    /// Returns the names of all databases, in order.
    fn names(&self) -> Vec<String>;

    /// Returns what a query of this text sees in a database, as of now. May wait for files; it is called on a thread of the query's
    /// own.
    ///
    /// # Errors
    /// `Unknown` when there is none of that name: the caller's fault. `Unavailable` when it cannot be read now.
    fn tables(&self, database: &str, query: &str) -> Result<Tables, DatabaseError>;
}

/// Why a database cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("there is no database `{name}`")]
    Unknown { name: String },
    #[error("the database `{name}` cannot be read now")]
    Unavailable { name: String, source: Box<dyn std::error::Error + Send + Sync> },
}
