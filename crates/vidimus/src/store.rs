//! The store behind the server: its workspaces as databases, and its own audit records in it.

use api_kusto::{DatabaseError, Databases};
use audit::{AuditError, AuditSink, QueryRecord};
use futures::future::BoxFuture;
use ingest::Vault;
use query::{MemoryTable, QueryError, StoreTable, TableProvider, TableSource, Tables};
use schema::{Column, Dynamic};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use stdx::error_chain;

/// The workspace of what is about no other one.
pub const OWN_WORKSPACE: &str = "vidimus";

/// Built-in tables without rows: queries may name them, whether records came or not.
static EMPTY_TABLES: LazyLock<Arc<BTreeMap<String, Arc<dyn TableSource>>>> = LazyLock::new(|| {
    let mut tables: BTreeMap<String, Arc<dyn TableSource>> = BTreeMap::new();
    for schema in schema::tables::names().filter_map(schema::tables::builtin) {
        if let Ok(table) = MemoryTable::new(schema.columns.clone(), Vec::new()) {
            tables.insert(schema.name.clone(), Arc::new(table));
        }
    }
    Arc::new(tables)
});

/// The workspaces of a store as databases.
pub struct StoreDatabases {
    vault: Arc<Vault>,
}

impl StoreDatabases {
    /// Makes databases of a store.
    pub fn new(vault: Arc<Vault>) -> StoreDatabases {
        StoreDatabases { vault }
    }
}

impl Databases for StoreDatabases {
    fn names(&self) -> Vec<String> {
        self.vault.workspaces()
    }

    fn tables(&self, database: &str, query: &str) -> Result<Tables, DatabaseError> {
        let unknown = || DatabaseError::Unknown { name: database.to_string() };
        let workspace = self.vault.workspace(database).ok_or_else(unknown)?;
        let mut tables = Tables::default();
        for table in workspace.tables() {
            let Some(schema) = table.schema() else { continue };
            // A table that is damaged fails the queries that read it, and no others.
            let source: Arc<dyn TableSource> = match table.snapshot() {
                Ok(snapshot) => Arc::new(StoreTable::new(snapshot, query)),
                Err(error) => Arc::new(Damaged { columns: schema.columns().to_vec(), why: error_chain(&error) }),
            };
            tables.add(table.name(), source);
        }
        tables.set_known(EMPTY_TABLES.clone());
        Ok(tables)
    }
}

/// A table that holds something else than what was sealed, or lacks some of it.
struct Damaged {
    columns: Vec<Column>,
    why: String,
}

impl TableSource for Damaged {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn provider(&self) -> Result<Arc<dyn TableProvider>, QueryError> {
        Err(QueryError::Read(self.why.clone()))
    }
}

/// Writes who asked what into the table `LAQueryLogs` of the workspace that was asked.
pub struct StoreAudit {
    vault: Arc<Vault>,
}

impl StoreAudit {
    /// Writes into a store.
    pub fn new(vault: Arc<Vault>) -> StoreAudit {
        StoreAudit { vault }
    }
}

impl AuditSink for StoreAudit {
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let vault = self.vault.clone();
        Box::pin(async move {
            let members = record.values().into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| (name.to_string(), value.to_dynamic())).collect();
            let body = Dynamic::Bag(members).to_json();
            let is_known = vault.workspace(&record.workspace).is_some();
            let workspace = if is_known { record.workspace } else { OWN_WORKSPACE.to_string() };
            let sealing = move || vault.take(&workspace, "LAQueryLogs", body.as_bytes(), None);
            let pending = tokio::task::spawn_blocking(sealing).await.map_err(AuditError::new)?;
            let answer = pending.map_err(AuditError::new)?.finish().await.map_err(AuditError::new)?;
            match answer.rejected.first() {
                None => Ok(()),
                Some(rejected) => Err(AuditError::new(rejected.detail.clone())),
            }
        })
    }
}
