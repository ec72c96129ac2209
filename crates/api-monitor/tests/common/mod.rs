//! A real server over tables in memory, and a client that knows nothing but HTTP.
#![allow(dead_code, reason = "each test uses a part")]

use api_kusto::{DatabaseError, Databases, Queries};
use api_monitor::{Limits, MonitorApi};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use audit::{AuditError, AuditSink, QueryRecord};
use auth::{Role, Tokens, Workspaces};
use futures::future::BoxFuture;
use ingest::{Vault, VaultOptions};
use listeners::http::{HttpListener, HttpOptions};
use query::{Engine, EngineOptions, MemoryTable, Tables, arrow_schema};
use schema::{Column, KqlType, ticks};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};
use stdx::{FixedClock, SystemClock};
use workspaces::Directory;

/// 2026-05-31T12:00:00Z.
pub const NOW: i64 = 639_158_256_000_000_000;
pub const PROD: &str = "11111111-2222-3333-4444-555555555555";
pub const TEST: &str = "22222222-2222-3333-4444-555555555555";
pub const RESOURCE: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Sql/servers/a";

/// An engine that all tests share.
static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap());

/// Two workspaces with the same tables.
struct Memory;

impl Databases for Memory {
    fn names(&self) -> Vec<String> {
        vec!["prod".to_string(), "test".to_string()]
    }

    fn tables(&self, database: &str, _query: &str) -> Result<Tables, DatabaseError> {
        match database {
            "prod" => Ok(tables(1)),
            "test" => Ok(tables(100)),
            name => Err(DatabaseError::Unavailable { name: name.to_string(), source: "the disk is gone".into() }),
        }
    }
}

/// `Events`: three records, now, an hour and three days ago; `Plain`: a table without a time.
fn tables(first: i64) -> Tables {
    let columns = vec![
        Column::new("TimeGenerated", KqlType::Datetime),
        Column::new("_ResourceId", KqlType::String),
        Column::new("N", KqlType::Long),
    ];
    let below = format!("{}/databases/d", RESOURCE.to_uppercase());
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![NOW, NOW - ticks::HOUR, NOW - 3 * ticks::DAY])),
        Arc::new(StringViewArray::from(vec![RESOURCE, below.as_str(), &format!("{RESOURCE}b")])),
        Arc::new(Int64Array::from(vec![first, first + 1, first + 2])),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&columns), arrays).unwrap();
    let mut tables = Tables::default();
    tables.add("Events", Arc::new(MemoryTable::new(columns, vec![batch]).unwrap()));
    let columns = vec![Column::new("N", KqlType::Long)];
    let arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![first]))];
    let batch = RecordBatch::try_new(arrow_schema(&columns), arrays).unwrap();
    tables.add("Plain", Arc::new(MemoryTable::new(columns, vec![batch]).unwrap()));
    tables
}

/// Keeps records in memory; refuses them when told to.
#[derive(Default)]
pub struct Sink {
    records: Mutex<Vec<QueryRecord>>,
    refuses: AtomicBool,
}

impl Sink {
    pub fn records(&self) -> Vec<QueryRecord> {
        self.records.lock().unwrap().clone()
    }

    /// Makes every further record fail.
    pub fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// Waits until there are so many records.
    pub fn wait_for(&self, n_records: usize) -> Vec<QueryRecord> {
        let begun = Instant::now();
        while self.records().len() < n_records {
            assert!(begun.elapsed() < Duration::from_secs(20), "only {:?}", self.records());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.records()
    }
}

impl AuditSink for Sink {
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            if self.refuses.load(Ordering::SeqCst) {
                return Err(AuditError::new("the log is full"));
            }
            self.records.lock().unwrap().push(record);
            Ok(())
        })
    }
}

/// A server on a port of its own, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub sink: Arc<Sink>,
    pub owner: String,
    pub reader: String,
    pub publisher: String,
    pub expired: String,
    pub queries: Queries,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Server {
    pub fn start(limits: Limits) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path().join("data"), Arc::new(SystemClock), VaultOptions::default()).unwrap();
        let vault = Arc::new(vault);
        for name in ["broken", "prod", "test"] {
            vault.create_workspace(name).unwrap();
        }
        let directory = Directory::open(vault).unwrap();
        directory.give("prod", PROD).unwrap();
        directory.give("test", TEST).unwrap();
        let tokens = Tokens::open(folder.path().join("tokens"), Arc::new(FixedClock(NOW))).unwrap();
        let token = |role, workspaces, expires| {
            tokens.create("tester", &[role], workspaces, expires).unwrap().text.expose().to_string()
        };
        let prod = || Workspaces::Named(vec!["prod".to_string()]);
        let owner = token(Role::Owner, Workspaces::All, None);
        let reader = token(Role::LogAnalyticsReader, prod(), None);
        let publisher = token(Role::MonitoringMetricsPublisher, prod(), None);
        let expired = token(Role::Owner, Workspaces::All, Some(NOW));
        let sink = Arc::new(Sink::default());
        let api = MonitorApi {
            engine: ENGINE.clone(),
            databases: Arc::new(Memory),
            directory: Arc::new(directory),
            tokens: Arc::new(tokens),
            audit: sink.clone(),
            clock: Arc::new(FixedClock(NOW)),
            limits,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(HttpListener::bind(any, HttpOptions::default())).unwrap();
        let address = listener.address();
        let (router, queries) = api_monitor::router(api);
        runtime.spawn(listener.serve(router, std::future::pending()));
        Server { address, sink, owner, reader, publisher, expired, queries, _runtime: runtime, _folder: folder }
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.as_bytes().to_vec()).unwrap();
        let response = ureq::Agent::from(config).run(request).unwrap();
        let headers = response.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_string())).collect();
        let status = response.status().as_u16();
        Reply { status, headers, body: response.into_body().read_to_string().unwrap() }
    }

    /// Asks the workspace `prod` with the reader's token.
    pub fn ask(&self, body: serde_json::Value, prefer: &str) -> Reply {
        let token = format!("Bearer {}", self.reader);
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json"), ("Prefer", prefer)];
        self.call("POST", &format!("/v1/workspaces/{PROD}/query"), &headers, &body.to_string())
    }
}
