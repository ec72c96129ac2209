//! A store with one database, and what it answers to commands and queries, as text.
#![allow(dead_code, reason = "each test uses a part of it")]

use arrow::array::RecordBatch;
use audit::{ActivityRecord, ActivitySink, AuditError};
use auth::{Principal, Role, Workspaces};
use futures::future::BoxFuture;
use ingest::{Vault, VaultOptions};
use kql_functions::args::value_at;
use kusto_ingestion::{InProcess, Ingestion};
use management::{AnswerTable, CommandError, CommandRequest, Manager, QueryInfo, RunningQueries, World};
use query::{Engine, EngineOptions, SeenColumn, StoreTable, TableSource, Tables};
use schema::Value;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use stdx::{Cancel, FixedClock};

/// 2026-05-31T12:00:00Z.
pub const NOW: i64 = 639_158_256_000_000_000;
pub const DATABASE: &str = "prod";

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 1, ..EngineOptions::default() }).unwrap());

struct Stored(Arc<Vault>);

impl World for Stored {
    fn tables(&self, database: &str, query: &str) -> Result<Tables, Box<dyn std::error::Error + Send + Sync>> {
        let workspace = self.0.workspace(database).ok_or("no such database")?;
        let mut tables = Tables::default();
        for named in workspace.named_tables() {
            let snapshot = named.table.snapshot()?;
            let table: Arc<dyn TableSource> = match named.view() {
                None => Arc::new(StoreTable::new(snapshot, query)),
                Some(view) => {
                    let seen = view.iter().map(|of| SeenColumn { column: of.seen(), stored: of.stored.clone() });
                    Arc::new(StoreTable::seen(snapshot, query, &seen.collect::<Vec<_>>()))
                }
            };
            tables.add(named.name, table);
        }
        let entities = workspace.entities();
        entities.functions().for_each(|function| management::add_function(&mut tables, function));
        entities.views().for_each(|view| management::add_view(&mut tables, view));
        Ok(tables)
    }
}

/// One query that runs, until it is stopped.
#[derive(Default)]
struct Running(Mutex<bool>);

impl RunningQueries for Running {
    fn list(&self, database: &str) -> Vec<QueryInfo> {
        let state = if *self.0.lock().unwrap() { "Cancelled" } else { "InProgress" };
        let query = QueryInfo {
            client_request_id: "KPC.execute;1".to_string(),
            activity_id: "00000000-0000-0000-0000-000000000001".to_string(),
            text: "Events | count".to_string(),
            database: database.to_string(),
            started: NOW,
            updated: NOW,
            state: state.to_string(),
            principal: "somebody".to_string(),
            ..QueryInfo::default()
        };
        let command = QueryInfo { is_command: true, text: ".show tables".to_string(), ..query.clone() };
        vec![query, command]
    }

    fn cancel(&self, _: &str, client_request_id: &str) -> usize {
        let is_it = client_request_id == "KPC.execute;1";
        *self.0.lock().unwrap() |= is_it;
        usize::from(is_it)
    }
}

/// Keeps records of activities in memory.
#[derive(Default)]
pub struct Activities(pub Mutex<Vec<ActivityRecord>>);

impl ActivitySink for Activities {
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        self.0.lock().unwrap().push(record);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A store in a folder of its own.
pub struct Store {
    manager: Option<Manager>,
    pub activities: Arc<Activities>,
    folder: tempfile::TempDir,
}

impl Store {
    pub fn new() -> Store {
        let mut store =
            Store { manager: None, activities: Arc::default(), folder: tempfile::tempdir().expect("a folder") };
        store.open();
        let vault = &store.manager().vault;
        vault.create_workspace(DATABASE).unwrap();
        vault.create_workspace("other").unwrap();
        store
    }

    /// Opens the store as it is on disk, after it was closed.
    pub fn open(&mut self) {
        drop(self.manager.take());
        self.manager = Some(self.open_at(self.folder.path()));
    }

    fn open_at(&self, folder: &std::path::Path) -> Manager {
        let clock = Arc::new(FixedClock(NOW));
        let options = VaultOptions { keep_every: None, ..VaultOptions::default() };
        let vault = Arc::new(Vault::open(folder, clock.clone(), options).unwrap());
        Manager {
            ingestion: Ingestion::new(vault.clone(), Arc::new(InProcess)),
            vault: vault.clone(),
            engine: ENGINE.clone(),
            world: Arc::new(Stored(vault)),
            queries: Arc::new(Running::default()),
            activities: self.activities.clone(),
            clock,
            started: NOW,
            own_workspace: "vidimus".to_string(),
        }
    }

    /// Opens a store that is in a folder, which belongs to somebody else.
    pub fn at(folder: &std::path::Path) -> Store {
        let mut store =
            Store { manager: None, activities: Arc::default(), folder: tempfile::tempdir().expect("a folder") };
        store.manager = Some(store.open_at(folder));
        store
    }

    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn close(&mut self) {
        drop(self.manager.take());
    }

    pub fn manager(&self) -> &Manager {
        self.manager.as_ref().expect("an open store")
    }

    /// Returns what is asked for, by an owner.
    pub fn request(&self, text: &str, roles: &[Role]) -> CommandRequest {
        let principal = Principal {
            id: "t".to_string(),
            name: "ann".to_string(),
            roles: roles.to_vec(),
            workspaces: Workspaces::Named(vec![DATABASE.to_string()]),
        };
        CommandRequest {
            principal,
            address: String::new(),
            database: DATABASE.to_string(),
            text: text.to_string(),
            now: NOW,
            parameters: Vec::new(),
            timeout: Duration::from_secs(60),
            is_readonly: false,
            cancel: Cancel::default(),
        }
    }

    /// Does a command, or asks a query, and returns the answer as text.
    pub fn answer(&self, text: &str) -> String {
        self.answer_to(text, &[Role::Owner])
    }

    pub fn answer_to(&self, text: &str, roles: &[Role]) -> String {
        let work = || match text.trim_start().starts_with('.') {
            true => self.manager().run(&self.request(text, roles)).map(|answer| answer.tables),
            false => self.query(text),
        };
        let done = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(management::STACK_BYTES).spawn_scoped(scope, work);
            thread.unwrap().join().unwrap()
        });
        match done {
            Ok(tables) => tables.iter().map(table_text).collect::<Vec<_>>().join("\n"),
            Err(error) => error_text(&error),
        }
    }

    fn query(&self, text: &str) -> Result<Vec<AnswerTable>, CommandError> {
        let tables = Arc::new(self.manager().world.tables(DATABASE, text).unwrap());
        let session = ENGINE.session(tables.clone(), query::Request { now: Some(NOW), ..query::Request::default() });
        let environment = kql::bind::Environment {
            catalog: &*tables,
            functions: &*kql_functions::FUNCTIONS,
            host: Some(&session),
            now: NOW,
            principal: "",
            parameters: &[],
        };
        let (bound, findings) = kql::bind::bind(text, environment);
        let results = futures::executor::block_on(session.run(&bound.ok_or(CommandError::Wrong(findings))?))?;
        let read = |mut result: query::ResultTable| {
            let batches = std::iter::from_fn(|| result.stream.next_blocking()).collect::<Result<_, _>>()?;
            Ok(AnswerTable { name: result.name, columns: result.columns, batches })
        };
        results.into_iter().map(read).collect()
    }
}

fn error_text(error: &CommandError) -> String {
    match error {
        CommandError::Wrong(findings) => {
            let one = |found: &kql::Diagnostic| {
                let help = found.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                format!("! {} at {}..{}: {}{help}", found.code, found.span.start, found.span.end, found.message)
            };
            findings.iter().filter(|found| found.is_error()).map(one).collect::<Vec<_>>().join("\n")
        }
        error => format!("! {}", stdx::error_chain(error)),
    }
}

fn table_text(table: &AnswerTable) -> String {
    let head: Vec<String> = table.columns.iter().map(|of| format!("{}:{}", of.name, of.ktype)).collect();
    let mut out = head.join(", ");
    for batch in &table.batches {
        for row in 0..batch.num_rows() {
            out.push('\n');
            out.push_str(&row_text(batch, table, row));
        }
    }
    out
}

fn row_text(batch: &RecordBatch, table: &AnswerTable, row: usize) -> String {
    let cells = batch.columns().iter().zip(&table.columns).map(|(array, column)| {
        let value = value_at(array, column.ktype, row);
        match value {
            Value::Guid(_) => "<guid>".to_string(),
            value if value.is_null() => "null".to_string(),
            value => value.to_text(),
        }
    });
    format!("[{}]", cells.collect::<Vec<_>>().join(" | "))
}
