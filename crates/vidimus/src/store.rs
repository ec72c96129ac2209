//! The store behind the server: its workspaces as databases, and its own audit records in it.

use api_kusto::{DatabaseError, Databases};
use audit::{ActivityRecord, ActivitySink, AuditError, AuditSink, QueryRecord, SignInRecord, SignInSink};
use entities::ColumnEntity;
use futures::executor::block_on;
use futures::future::BoxFuture;
use ingest::{Answer, IngestError, OwnTable, Vault};
use management::{QueryInfo, RunningQueries, World};
use query::{MemoryTable, QueryError, SeenColumn, StoreTable, TableProvider, TableSource, Tables};
use schema::{Column, Dynamic};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use stdx::{Clock, error_chain};

/// The workspace of what is about no other one.
pub const OWN_WORKSPACE: &str = "vidimus";

/// The table of acts of management.
const ACTIVITIES: &str = "AzureActivity";

/// How long a record of the store's own waits for its turn at most.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// How often it tries again, in milliseconds.
const BUSY_STEP_MS: u64 = 10;

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
        for named in workspace.named_tables() {
            // A table that is damaged fails the queries that read it, and no others.
            let source: Arc<dyn TableSource> = match (named.table.snapshot(), named.view()) {
                (Ok(snapshot), None) => Arc::new(StoreTable::new(snapshot, query)),
                (Ok(snapshot), Some(view)) => Arc::new(StoreTable::seen(snapshot, query, &seen(view))),
                (Err(error), _) => Arc::new(Damaged { columns: named.columns(), why: error_chain(&error) }),
            };
            tables.add(named.name, source);
        }
        let entities = workspace.entities();
        entities.functions().for_each(|function| management::add_function(&mut tables, function));
        entities.views().for_each(|view| management::add_view(&mut tables, view));
        tables.set_known(EMPTY_TABLES.clone());
        Ok(tables)
    }
}

/// Returns columns as queries see them.
fn seen(view: &[ColumnEntity]) -> Vec<SeenColumn> {
    view.iter().map(|of| SeenColumn { column: of.seen(), stored: of.stored.clone() }).collect()
}

impl World for StoreDatabases {
    fn tables(&self, database: &str, query: &str) -> Result<Tables, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Databases::tables(self, database, query)?)
    }
}

/// The queries of the server, for the commands that show and cancel them.
pub struct StoreQueries {
    running: Arc<api_kusto::RunningQueries>,
    clock: Arc<dyn Clock>,
}

impl StoreQueries {
    /// Shows and cancels these.
    pub fn new(running: Arc<api_kusto::RunningQueries>, clock: Arc<dyn Clock>) -> StoreQueries {
        StoreQueries { running, clock }
    }
}

impl RunningQueries for StoreQueries {
    fn list(&self, database: &str) -> Vec<QueryInfo> {
        let now = self.clock.now_ticks();
        let of_database = |query: &api_kusto::RunningQuery| query.start.database == database;
        let queries = self.running.list().into_iter().rev().filter(of_database);
        let info = |query: api_kusto::RunningQuery| QueryInfo {
            duration: query.duration(now),
            state: query.state.name().to_string(),
            started: query.started,
            updated: query.updated,
            failure: query.failure.unwrap_or_default(),
            rows: Some(query.result_rows),
            client_request_id: query.start.client_request_id,
            activity_id: query.start.activity_id,
            text: query.start.text,
            database: query.start.database,
            principal: query.start.user,
            principal_id: query.start.principal_id,
            application: query.start.application,
            ..QueryInfo::default()
        };
        queries.map(info).collect()
    }

    fn cancel(&self, database: &str, client_request_id: &str) -> usize {
        let reason = "a management command cancelled it";
        self.running.cancel(client_request_id, reason, |query| query.start.database == database)
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

const SIGN_INS: &str = "AADServicePrincipalSignInLogs";
/// Where it is known who asked what.
const QUESTIONS: &str = "LAQueryLogs";

/// Returns the tables that nobody else writes.
pub fn own_tables() -> Vec<OwnTable> {
    vec![
        OwnTable { workspace: None, table: QUESTIONS.to_string() },
        OwnTable { workspace: Some(OWN_WORKSPACE.to_string()), table: ACTIVITIES.to_string() },
        OwnTable { workspace: Some(OWN_WORKSPACE.to_string()), table: SIGN_INS.to_string() },
    ]
}

/// Writes who asked what into the table `LAQueryLogs` of the workspace that was asked, and who managed what, and which applications signed
/// in, into the tables `AzureActivity` and `AADServicePrincipalSignInLogs` of the store's own workspace.
#[derive(Clone)]
pub struct StoreAudit {
    vault: Arc<Vault>,
}

impl StoreAudit {
    /// Writes into a store.
    pub fn new(vault: Arc<Vault>) -> StoreAudit {
        StoreAudit { vault }
    }

    /// Writes a record of an act, and waits until it is sealed.
    ///
    /// # Errors
    /// When it is not certain that the record is kept.
    pub fn seal_activity(&self, record: &ActivityRecord) -> Result<(), AuditError> {
        let answer = self.seal(OWN_WORKSPACE, ACTIVITIES, record.to_json().as_bytes(), Some(&record.id()))?;
        answer.rejected.first().map_or(Ok(()), |rejected| Err(AuditError::new(rejected.detail.clone())))
    }

    /// Writes a note of an act, and waits until it is sealed, whatever it says: one that is no record is sealed in the quarantine.
    ///
    /// # Errors
    /// When it is not certain that it is kept.
    pub fn seal_note(&self, note: &[u8], id: Option<&str>) -> Result<(), AuditError> {
        self.seal(OWN_WORKSPACE, ACTIVITIES, note, id).map(|_| ())
    }

    fn seal(&self, workspace: &str, table: &str, body: &[u8], id: Option<&str>) -> Result<Answer, AuditError> {
        let begun = Instant::now();
        loop {
            let taken = self.vault.take_own(workspace, table, body, id);
            match taken.and_then(|pending| block_on(pending.finish())) {
                // Others send more than is taken, and this is small: it waits for its turn.
                Err(IngestError::Busy { retry_after_ms, .. }) if begun.elapsed() < BUSY_MAX => {
                    std::thread::sleep(Duration::from_millis(retry_after_ms.min(BUSY_STEP_MS)));
                }
                answer => return answer.map_err(AuditError::new),
            }
        }
    }
}

impl AuditSink for StoreAudit {
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let store = self.clone();
        let sealing = move || {
            let members = record.values().into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(name, value)| (name.to_string(), value.to_dynamic())).collect();
            let body = Dynamic::Bag(members).to_json();
            let is_known = store.vault.workspace(&record.workspace).is_some();
            let workspace = if is_known { record.workspace.as_str() } else { OWN_WORKSPACE };
            let answer = store.seal(workspace, QUESTIONS, body.as_bytes(), None)?;
            answer.rejected.first().map_or(Ok(()), |rejected| Err(AuditError::new(rejected.detail.clone())))
        };
        Box::pin(async move { tokio::task::spawn_blocking(sealing).await.map_err(AuditError::new)? })
    }
}

impl ActivitySink for StoreAudit {
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let store = self.clone();
        let sealing = move || store.seal_activity(&record);
        Box::pin(async move { tokio::task::spawn_blocking(sealing).await.map_err(AuditError::new)? })
    }
}

impl SignInSink for StoreAudit {
    fn record(&self, record: SignInRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let store = self.clone();
        let sealing = move || {
            let id = Some(record.correlation_id.as_str());
            let answer = store.seal(OWN_WORKSPACE, SIGN_INS, record.to_json().as_bytes(), id)?;
            answer.rejected.first().map_or(Ok(()), |rejected| Err(AuditError::new(rejected.detail.clone())))
        };
        Box::pin(async move { tokio::task::spawn_blocking(sealing).await.map_err(AuditError::new)? })
    }
}
