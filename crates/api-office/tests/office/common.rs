//! A real server over a real store, and a client that knows nothing but HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use api_kusto::{DatabaseError, Databases};
use api_office::{Limits, OfficeApi};
use audit::{ActivityRecord, ActivitySink, AuditError, AuditSink, QueryRecord};
use auth::{Role, Tokens, Workspaces};
use futures::future::BoxFuture;
use ingest::{Vault, VaultOptions};
use listeners::http::{HttpListener, HttpOptions};
use query::{Engine, EngineOptions, MemoryTable, StoreTable, Tables};
use serde_json::Value;
use stdx::{Clock, FixedClock, SystemClock};
use workspaces::Directory;

/// 2026-05-31T12:00:00Z.
pub const NOW: i64 = 639_158_256_000_000_000;
pub const PROD: &str = "11111111-2222-3333-4444-555555555555";
pub const TEST: &str = "22222222-2222-3333-4444-555555555555";

/// An engine that all tests share.
static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap());

/// The workspaces of a store as databases, as the server has them.
struct Store(Arc<Vault>);

impl Databases for Store {
    fn names(&self) -> Vec<String> {
        self.0.workspaces()
    }

    fn tables(&self, database: &str, query: &str) -> Result<Tables, DatabaseError> {
        let workspace = self.0.workspace(database).unwrap();
        let mut tables = Tables::default();
        for named in workspace.named_tables() {
            tables.add(named.name, Arc::new(StoreTable::new(named.table.snapshot().unwrap(), query)));
        }
        let known = schema::tables::names().filter_map(schema::tables::builtin);
        let known = known.map(|table| {
            let empty = MemoryTable::new(table.columns.clone(), Vec::new()).unwrap();
            (table.name.clone(), Arc::new(empty) as Arc<dyn query::TableSource>)
        });
        tables.set_known(Arc::new(known.collect()));
        Ok(tables)
    }
}

/// Keeps records in memory; refuses them when told to.
#[derive(Default)]
pub struct Sink {
    queries: Mutex<Vec<QueryRecord>>,
    acts: Mutex<Vec<ActivityRecord>>,
    refuses: AtomicBool,
}

impl Sink {
    pub fn queries(&self) -> Vec<QueryRecord> {
        self.queries.lock().unwrap().clone()
    }

    pub fn acts(&self) -> Vec<ActivityRecord> {
        self.acts.lock().unwrap().clone()
    }

    /// Makes every further record fail.
    pub fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), AuditError> {
        if self.refuses.load(Ordering::SeqCst) { Err(AuditError::new("the log is full")) } else { Ok(()) }
    }
}

impl AuditSink for Sink {
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            self.check()?;
            self.queries.lock().unwrap().push(record);
            Ok(())
        })
    }
}

impl ActivitySink for Sink {
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(async move {
            self.check()?;
            self.acts.lock().unwrap().push(record);
            Ok(())
        })
    }
}

/// A clock that goes when it is told to.
pub struct Watch(AtomicI64);

impl Clock for Watch {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Watch {
    pub fn forward(&self, ticks: i64) {
        self.0.fetch_add(ticks, Ordering::SeqCst);
    }
}

/// A server on a port of its own, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub sink: Arc<Sink>,
    pub watch: Arc<Watch>,
    pub vault: Arc<Vault>,
    /// May do all; may read `prod`; may only write to it.
    pub owner: String,
    pub reader: String,
    pub publisher: String,
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

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the code of an error.
    pub fn code(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_string())
    }

    /// Returns a member of every object of a list.
    pub fn each(&self, name: &str) -> Vec<Value> {
        let body = self.json();
        let list = body.as_array().or_else(|| body["value"].as_array()).unwrap_or_else(|| panic!("{}", self.body));
        list.iter().map(|object| object[name].clone()).collect()
    }
}

impl Server {
    pub fn start(limits: Limits) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let options = VaultOptions::default();
        let vault = Arc::new(Vault::open(folder.path().join("data"), Arc::new(SystemClock), options).unwrap());
        for name in ["own", "prod", "test"] {
            vault.create_workspace(name).unwrap();
        }
        let directory = Directory::open(vault.clone()).unwrap();
        directory.give("prod", PROD).unwrap();
        directory.give("test", TEST).unwrap();
        let tokens = Tokens::open(folder.path().join("tokens"), Arc::new(FixedClock(NOW))).unwrap();
        let token = |name: &str, role, workspaces| {
            tokens.create(name, &[role], workspaces, None).unwrap().text.expose().to_string()
        };
        let prod = || Workspaces::Named(vec!["prod".to_string()]);
        let owner = token("owner", Role::Owner, Workspaces::All);
        let reader = token("siem", Role::LogAnalyticsReader, prod());
        let publisher = token("sender", Role::MonitoringMetricsPublisher, prod());
        let (sink, watch) = (Arc::new(Sink::default()), Arc::new(Watch(AtomicI64::new(NOW))));
        let api = OfficeApi {
            vault: vault.clone(),
            engine: ENGINE.clone(),
            databases: Arc::new(Store(vault.clone())),
            directory: Arc::new(directory),
            tokens: Arc::new(tokens),
            audit: sink.clone(),
            activities: sink.clone(),
            clock: watch.clone(),
            own_workspace: "own".to_string(),
            tls: false,
            limits,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(HttpListener::bind(any, HttpOptions::default())).unwrap();
        let address = listener.address();
        let (router, _) = api_office::router(api);
        runtime.spawn(listener.serve(router, std::future::pending()));
        Server { address, sink, watch, vault, owner, reader, publisher, _runtime: runtime, _folder: folder }
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let address = format!("http://{}", self.address);
        let path = path.strip_prefix(&address).unwrap_or(path);
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{address}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.as_bytes().to_vec()).unwrap();
        let response = ureq::Agent::from(config).run(request).unwrap();
        let headers = response.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_string())).collect();
        let status = response.status().as_u16();
        let body = response.into_body().into_with_config().limit(64 << 20).read_to_string().unwrap();
        Reply { status, headers, body }
    }

    /// Asks with the reader's token.
    pub fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[("Authorization", &format!("Bearer {}", self.reader))], "")
    }

    pub fn post(&self, path: &str, body: &str) -> Reply {
        let token = format!("Bearer {}", self.reader);
        self.call("POST", path, &[("Authorization", &token), ("Content-Type", "application/json")], body)
    }

    /// Takes a log in its native format into `prod`.
    pub fn import(&self, source: &str, log: &str) {
        let source = sources::find(source).unwrap();
        let (mut parser, mut out) = ((source.parser)(&sources::Context::default()), sources::Output::default());
        parser.push(log.as_bytes(), &mut out);
        parser.finish(&mut out);
        for (table, batch) in out.take_tables() {
            self.vault.ensure_table("prod", &table, &[]).unwrap();
            let pending = self.vault.take("prod", &table, batch.body.as_bytes(), None).unwrap();
            let answer = futures::executor::block_on(pending.finish()).unwrap();
            assert!(answer.rejected.is_empty(), "{:?}", answer.rejected);
        }
    }
}
