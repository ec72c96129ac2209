//! A real server over tables in memory, and a client that knows nothing but bytes.
#![allow(dead_code, reason = "each test uses a part")]

use api_kusto::{DatabaseError, Databases, KustoApi, Limits, Queries, RunningQueries};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use audit::{AuditError, AuditSink, QueryRecord};
use auth::{Role, Tokens, Workspaces};
use entities::{Change, ColumnEntity, MappingEntity, Step, TableEntity};
use futures::future::BoxFuture;
use ingest::{ChangeError, Vault, VaultOptions};
use kusto_ingestion::{InProcess, Ingestion};
use listeners::http::{HttpListener, HttpOptions};
use query::{Engine, EngineOptions, MemoryTable, StoreTable, Tables, arrow_schema};
use schema::{Column, KqlType};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};
use stdx::FixedClock;

/// 2026-05-31T12:00:00Z.
pub const NOW: i64 = 639_158_256_000_000_000;

/// An engine that all tests share.
static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap());

/// Two databases, `prod` in memory and `store`, and one that cannot be read, `broken`.
struct Memory {
    tables: Tables,
    vault: Arc<Vault>,
    /// How often tables were asked for.
    asked: Arc<AtomicUsize>,
}

impl Databases for Memory {
    fn names(&self) -> Vec<String> {
        vec!["broken".to_string(), "prod".to_string(), "store".to_string()]
    }

    fn tables(&self, database: &str, query: &str) -> Result<Tables, DatabaseError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match database {
            "prod" => Ok(self.tables.clone()),
            "store" => {
                let mut tables = Tables::default();
                for table in self.vault.workspace("store").unwrap().tables() {
                    tables.add(table.name(), Arc::new(StoreTable::new(table.snapshot().unwrap(), query)));
                }
                Ok(tables)
            }
            "broken" => {
                Err(DatabaseError::Unavailable { name: database.to_string(), source: "the disk is gone".into() })
            }
            name => Err(DatabaseError::Unknown { name: name.to_string() }),
        }
    }
}

/// A store with the table `Things`, which has the mapping `m`, in the workspace `store`.
fn vault(folder: &Path) -> Arc<Vault> {
    let vault = Vault::open(folder, Arc::new(FixedClock(NOW)), VaultOptions::default()).unwrap();
    vault.create_workspace("store").unwrap();
    let columns = [
        ("Id", KqlType::Long),
        ("Name", KqlType::String),
        ("At", KqlType::Datetime),
        ("Props", KqlType::Dynamic),
        ("AdditionalFields", KqlType::Dynamic),
    ];
    let columns = columns.map(|(name, ktype)| ColumnEntity::new(name, name, ktype)).to_vec();
    let table = TableEntity { columns: Some(columns), ..TableEntity::plain("Things", "Things") };
    let text =
        r#"[{"column":"Id","Properties":{"Path":"$.identity.no"}},{"column":"Name","Properties":{"Path":"$.who"}}]"#;
    let mapping = MappingEntity {
        table: Some("Things".to_string()),
        kind: "json".to_string(),
        name: "m".to_string(),
        mapping: text.to_string(),
    };
    let steps = vec![Step::SetTable(table), Step::SetMapping(mapping)];
    let change = Change { event: "CREATE-TABLE".to_string(), steps };
    vault.change("store", &["request/1".to_string()], |_| Ok::<_, ChangeError>(change)).unwrap();
    Arc::new(vault)
}

fn tables() -> Tables {
    let columns = vec![
        Column::new("TimeGenerated", KqlType::Datetime),
        Column::new("Level", KqlType::String),
        Column::new("N", KqlType::Long),
    ];
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![NOW - 20_000_000, NOW - 10_000_000, NOW])),
        Arc::new(StringViewArray::from(vec!["Info", "Error", "Info"])),
        Arc::new(Int64Array::from(vec![1, 2, 3])),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&columns), arrays).unwrap();
    let mut tables = Tables::default();
    tables.add("Events", Arc::new(MemoryTable::new(columns, vec![batch]).unwrap()));
    tables
}

/// Keeps records in memory; refuses them when told to.
#[derive(Default)]
pub struct Sink {
    records: Mutex<Vec<QueryRecord>>,
    refuses: AtomicBool,
}

impl Sink {
    /// Returns the records so far.
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
    pub queries: Arc<RunningQueries>,
    pub owner: String,
    pub reader: String,
    pub publisher: String,
    pub expired: String,
    asked: Arc<AtomicUsize>,
    running: Option<Running>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

struct Running {
    stop: tokio::sync::oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
    queries: Queries,
}

impl Server {
    /// Stops the server, which gives requests a tenth of a second, and waits for its end.
    pub fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.send(()).unwrap();
        self.runtime.block_on(async {
            running.serving.await.unwrap();
            running.queries.ended().await;
        });
    }

    /// Starts a server.
    pub fn start(limits: Limits) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(folder.path().join("tokens"), Arc::new(FixedClock(NOW))).unwrap();
        let token = |role, workspaces, expires| {
            tokens.create("tester", &[role], workspaces, expires).unwrap().text.expose().to_string()
        };
        let prod = || Workspaces::Named(vec!["prod".to_string(), "store".to_string()]);
        let (owner, reader) =
            (token(Role::Owner, Workspaces::All, None), token(Role::LogAnalyticsReader, prod(), Some(NOW + 1)));
        let publisher = token(Role::MonitoringMetricsPublisher, prod(), None);
        let expired = token(Role::Owner, Workspaces::All, Some(NOW));
        let (sink, asked) = (Arc::new(Sink::default()), Arc::new(AtomicUsize::new(0)));
        let vault = vault(&folder.path().join("store"));
        let list = RunningQueries::new(Arc::new(FixedClock(NOW)));
        let api = KustoApi {
            engine: ENGINE.clone(),
            databases: Arc::new(Memory { tables: tables(), vault: vault.clone(), asked: asked.clone() }),
            ingestion: Some(Ingestion::new(vault, Arc::new(InProcess))),
            running: list.clone(),
            tokens: Arc::new(tokens),
            audit: sink.clone(),
            clock: Arc::new(FixedClock(NOW)),
            limits,
            portal: Some("https://pages.example/".to_string()),
            commands: None,
            tls: false,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = HttpOptions { stop_timeout: Duration::from_millis(100), ..HttpOptions::default() };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(HttpListener::bind(any, options)).unwrap();
        let address = listener.address();
        let (router, queries) = api_kusto::router(api);
        let (stop, told) = tokio::sync::oneshot::channel();
        let told = async move { told.await.unwrap_or(()) };
        let serving = runtime.spawn(listener.serve(router, told));
        let running = Some(Running { stop, serving, queries });
        Server {
            address,
            sink,
            queries: list,
            owner,
            reader,
            publisher,
            expired,
            asked,
            running,
            runtime,
            _folder: folder,
        }
    }

    /// Sends a query with the reader's token.
    pub fn query(&self, version: u8, query: &str, properties: serde_json::Value) -> Answer {
        let body = serde_json::json!({"db": "prod", "csl": query, "properties": properties}).to_string();
        let token = &self.reader;
        self.send(&format!(
            "POST /v{version}/rest/query HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Hands in records with the publisher's token.
    pub fn ingest(&self, table: &str, parameters: &str, body: &[u8]) -> Answer {
        let token = &self.publisher;
        let head = format!("POST /v1/rest/ingest/store/{table}?{parameters} HTTP/1.1\r\nHost: test\r\n");
        let head = format!("{head}Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut stream = self.connect();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        Answer::read(&mut stream)
    }

    /// Returns the rows of a query over the store.
    pub fn stored(&self, query: &str) -> serde_json::Value {
        let body = serde_json::json!({"db": "store", "csl": query}).to_string();
        let token = &self.reader;
        let head = format!("POST /v1/rest/query HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n");
        let answer = self.send(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["Tables"][0]["Rows"].clone()
    }

    /// Sends bytes and reads the answer.
    pub fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(request.as_bytes());
        Answer::read(&mut stream)
    }

    /// Waits until so many queries run or have run.
    pub fn wait_for_queries(&self, n_queries: usize) {
        let begun = Instant::now();
        while self.asked.load(Ordering::SeqCst) < n_queries {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether it came to its end.
    pub whole: bool,
}

impl Answer {
    /// Reads an answer from a connection that stays open.
    pub fn read(stream: &mut impl Read) -> Answer {
        let mut bytes = Vec::new();
        let head_end = loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                break end;
            }
            assert!(more(stream, &mut bytes), "no answer: {}", String::from_utf8_lossy(&bytes));
        };
        let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
        let mut rest = bytes.split_off(head_end + 4);
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> =
            lines.map(|line| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_string())).unwrap()).collect();
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let (body, whole) = match header("content-length").or((status == 204).then(|| "0".to_string())) {
            Some(length) => {
                let length: usize = length.parse().unwrap();
                while rest.len() < length && more(stream, &mut rest) {}
                let whole = rest.len() == length;
                (rest, whole)
            }
            None => {
                while !rest.ends_with(b"\r\n0\r\n\r\n") && more(stream, &mut rest) {}
                unchunked(&rest)
            }
        };
        Answer { status, headers, body: String::from_utf8(body).unwrap(), whole }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> bool {
    let mut part = [0; 16 << 10];
    let n = stream.read(&mut part).unwrap_or(0);
    bytes.extend_from_slice(&part[..n]);
    n > 0
}

fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = find(bytes, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let Some(part) = bytes.get(end + 2..end + 2 + size) else { break };
        body.extend_from_slice(part);
        bytes = bytes.get(end + 4 + size..).unwrap_or_default();
    }
    (body, false)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
