//! A real server over a store, and a client that knows nothing but HTTP.
#![allow(dead_code, reason = "each test uses a part")]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use api_ingest::{IngestApi, Limits, strings_to_sign};
use audit::{ActivityRecord, ActivitySink, AuditError};
use auth::{Role, Tokens, Workspaces};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use collection::{Collector, Rules};
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use ingest::{Vault, VaultOptions};
use listeners::http::{HttpListener, HttpOptions, HttpVersion};
use query::{Engine, EngineOptions};
use sha2::Sha256;
use stdx::FixedClock;
use workspaces::{Directory, KeySlot, SharedKeys};

/// 2026-05-31T12:00:00Z.
pub const NOW: i64 = 639_158_256_000_000_000;
pub const DATE: &str = "Sun, 31 May 2026 12:00:00 GMT";
pub const WORKSPACE: &str = "11111111-2222-3333-4444-555555555555";
pub const RULE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/r";
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).expect("an engine"));

/// Keeps records of acts; refuses them when there is no room.
pub struct Sink {
    pub records: Mutex<Vec<ActivityRecord>>,
    pub room: Mutex<usize>,
}

impl ActivitySink for Sink {
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        let mut records = self.records.lock().expect("not poisoned");
        let has_room = records.len() < *self.room.lock().expect("not poisoned");
        if has_room {
            records.push(record);
        }
        Box::pin(std::future::ready(if has_room { Ok(()) } else { Err(AuditError::new("no room")) }))
    }
}

pub struct Server {
    pub address: SocketAddr,
    /// Where OTLP is taken over gRPC.
    pub grpc: SocketAddr,
    pub vault: Arc<Vault>,
    pub sink: Arc<Sink>,
    pub owner: String,
    pub reader: String,
    pub publisher: String,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    /// The same as text.
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

/// Returns the document of a rule.
pub fn rule() -> serde_json::Value {
    serde_json::json!({ "location": "here", "properties": {
        "immutableId": "dcr-00000000000000000000000000000001",
        "streamDeclarations": { "Custom-App": { "columns": [
            { "name": "TimeGenerated", "type": "datetime" }, { "name": "Name", "type": "string" }, { "name": "N", "type": "long" },
        ] } },
        "destinations": { "logAnalytics": [{ "name": "w", "workspaceResourceId": WORKSPACE }] },
        "dataFlows": [{ "streams": ["Custom-App"], "destinations": ["w"], "transformKql": "source | where N != 13", "outputStream": "Custom-App_CL" }],
    } })
}

impl Server {
    /// Starts a server with a workspace `main`, its rule, and its primary key.
    pub fn start(limits: Limits) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(FixedClock(NOW));
        let vault = Vault::open(folder.path().join("data"), clock.clone(), VaultOptions::default());
        let vault = Arc::new(vault.expect("a store"));
        vault.create_workspace("main").expect("a workspace");
        let directory = Arc::new(Directory::open(vault.clone()).expect("a directory"));
        directory.give("main", WORKSPACE).expect("an id");
        let keys = Arc::new(SharedKeys::new(vault.clone()));
        keys.set("main", KeySlot::Primary, Some(KEY)).expect("a key");
        let rules = Arc::new(Rules::open(vault.clone(), directory.clone(), false).expect("rules"));
        let checked = rules.read(RULE, rule().to_string().as_bytes(), None).expect("a rule");
        rules.put(checked, None).expect("saved");
        let tokens = Tokens::open(folder.path().join("tokens"), clock.clone()).expect("tokens");
        let token = |role| {
            let main = Workspaces::Named(vec!["main".to_string()]);
            tokens.create("tester", &[role], main, None).expect("a token").text.expose().to_string()
        };
        let (owner, reader) = (token(Role::Owner), token(Role::LogAnalyticsReader));
        let publisher = token(Role::MonitoringMetricsPublisher);
        let collector = Collector { vault: vault.clone(), rules, engine: ENGINE.clone(), clock: clock.clone() };
        let sink = Arc::new(Sink { records: Mutex::default(), room: Mutex::new(usize::MAX) });
        let api = IngestApi {
            vault: vault.clone(),
            directory,
            keys,
            collector: Arc::new(collector),
            tokens: Arc::new(tokens),
            activities: sink.clone(),
            clock,
            tls: true,
            is_root_free: true,
            limits,
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(HttpListener::bind(any, HttpOptions::default())).expect("a port");
        let address = listener.address();
        let options = HttpOptions { version: HttpVersion::Two, ..HttpOptions::default() };
        let of_grpc = runtime.block_on(HttpListener::bind(any, options)).expect("a port");
        let grpc = of_grpc.address();
        let routers = api_ingest::routers(api);
        runtime.spawn(listener.serve(routers.http, std::future::pending()));
        runtime.spawn(of_grpc.serve(routers.otlp_grpc, std::future::pending()));
        Server { address, grpc, vault, sink, owner, reader, publisher, _runtime: runtime, _folder: folder }
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            ureq::Agent::from(config).run(request.body(body.to_vec()).expect("a request")).expect("an answer");
        let headers = response.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().expect("text").to_string())).collect();
        let status = response.status().as_u16();
        let bytes = response.into_body().read_to_vec().expect("a body");
        Reply { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// Returns how many records a table has.
    pub fn records(&self, table: &str) -> u64 {
        let workspace = self.vault.workspace("main").expect("a workspace");
        workspace.table(table).map_or(0, |table| table.status().n_records)
    }
}

/// Returns the value of `Authorization` for a request of the HTTP Data Collector API.
pub fn signed(body: &[u8], content_type: &str, date: &str) -> String {
    let texts = strings_to_sign(body.len() as u64, content_type, date);
    let key = STANDARD.decode(KEY).expect("a key");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(texts.last().expect("a text").as_bytes());
    format!("SharedKey {WORKSPACE}:{}", STANDARD.encode(mac.finalize().into_bytes()))
}
