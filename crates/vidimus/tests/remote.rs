//! `vidimus query --server` against a real server: it gives what the same query gives here, and fails as plainly.

use api_kusto::{DatabaseError, Databases, KustoApi, Limits};
use audit::{AuditError, AuditSink, QueryRecord};
use auth::{Role, Tokens, Workspaces};
use futures::future::BoxFuture;
use listeners::http::{HttpListener, HttpOptions, TlsFiles};
use query::{Engine, EngineOptions, Tables};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use stdx::SystemClock;

/// One database without tables: `main`, also when none is named.
struct Empty;

impl Databases for Empty {
    fn names(&self) -> Vec<String> {
        vec!["main".to_string()]
    }

    fn tables(&self, database: &str, _query: &str) -> Result<Tables, DatabaseError> {
        match database {
            "" | "main" => Ok(Tables::default()),
            name => Err(DatabaseError::Unknown { name: name.to_string() }),
        }
    }
}

#[derive(Default)]
struct Sink(Mutex<Vec<QueryRecord>>);

impl AuditSink for Sink {
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
        self.0.lock().unwrap().push(record);
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Server {
    url: String,
    folder: tempfile::TempDir,
    sink: Arc<Sink>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> Server {
        Server::start_with(tempfile::tempdir().unwrap(), None)
    }

    fn start_with(folder: tempfile::TempDir, tls: Option<TlsFiles>) -> Server {
        let tokens = Tokens::open(folder.path().join("tokens"), Arc::new(SystemClock)).unwrap();
        let made = tokens.create("tester", &[Role::LogAnalyticsReader], Workspaces::All, None).unwrap();
        std::fs::write(folder.path().join("token"), format!("{}\n", made.text.expose())).unwrap();
        let sink = Arc::new(Sink::default());
        let api = KustoApi {
            engine: Engine::new(EngineOptions { threads: 2, ..EngineOptions::default() }).unwrap(),
            databases: Arc::new(Empty),
            ingestion: None,
            running: api_kusto::RunningQueries::new(Arc::new(stdx::SystemClock)),
            tokens: Arc::new(tokens),
            audit: sink.clone(),
            clock: Arc::new(SystemClock),
            limits: Limits { rows_max: 30_000, ..Limits::default() },
            portal: None,
            commands: None,
            tls: tls.is_some(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = HttpOptions { tls: tls.clone(), ..HttpOptions::default() };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(HttpListener::bind(any, options)).unwrap();
        let port = listener.address().port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let (router, _) = api_kusto::router(api);
        runtime.spawn(listener.serve(router, std::future::pending()));
        Server { url, folder, sink, _runtime: runtime }
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn command(&self, query: &str, args: &[&str]) -> Command {
        let mut command = vidimus(query, args);
        command.args(["--server", &self.url, "--token-file"]).arg(self.token_file());
        command
    }

    fn ask(&self, query: &str, args: &[&str]) -> Output {
        self.command(query, args).output().unwrap()
    }
}

fn vidimus(query: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vidimus"));
    command.arg("query").arg(query).args(args).env_remove("VIDIMUS_TOKEN").stdin(Stdio::null());
    command
}

fn here(query: &str, args: &[&str]) -> Output {
    vidimus(query, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

const TYPES: &str = "datatable(b:bool, i:int, l:long, r:real, c:decimal, s:string, t:datetime, p:timespan, g:guid, d:dynamic) [
    true, 1, 9007199254740993, 1.5, 1.5, 'it\\'s \"quoted\", ü', datetime(2026-05-31 12:00:00.1234567), time(1.02:03:04.5), guid(6f3c1072-2739-461c-8aa7-3cfc8ff528a8), dynamic({\"a\":[1,null,\"x\"]}),
    bool(null), int(null), long(null), real(null), decimal(null), '', datetime(null), timespan(null), guid(null), dynamic(null),
    false, -1, -9223372036854775807, real(nan), -0.000001, ' ', datetime(0001-01-01), time(-1s), guid(6f3c1072-2739-461c-8aa7-3cfc8ff528a8), dynamic('text'),
    false, 2147483647, 0, real(-inf), 99999999999999999999.25, 'a', datetime(9999-12-31), 0s, guid(null), dynamic(3.25)]";

#[test]
fn a_server_gives_what_the_same_query_gives_here() {
    let server = Server::start();
    let queries = [
        TYPES,
        "print a=1, a2='x'; print b=now(-1d)",
        "range x from 1 to 20000 step 1 | extend y = strcat('row ', x)",
        "range x from 1 to 3 step 1 | where x > 5",
        "range x from 1 to 5 step 1 | extend y = x * 2 | render columnchart with (title='doubles')",
    ];
    for query in queries {
        for format in ["table", "json", "jsonl", "csv", "markdown", "tsv"] {
            let args = ["--format", format, "--now", "2026-05-31"];
            let (local, remote) = (here(query, &args), server.ask(query, &args));
            // Formats for one table refuse two, here as there.
            let shown = |output: &Output| (output.status.success(), text(&output.stdout), text(&output.stderr));
            assert_eq!(shown(&remote), shown(&local), "{format}: {query}");
            assert!(local.status.success() || query.contains(';'), "{format}: {query}");
        }
    }
}

#[test]
fn files_are_written_as_here() {
    let server = Server::start();
    // Parquet counts microseconds, and nothing is rounded in silence.
    let query = &TYPES.replace(".1234567", ".123456");
    for name in ["r.parquet", "r.arrow"] {
        let (local, remote) = (server.folder.path().join(format!("local_{name}")), server.folder.path().join(name));
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let kept = here(query, &["-o", &path(&local)]);
        assert!(kept.status.success(), "{}", text(&kept.stderr));
        let asked = server.ask(query, &["-o", &path(&remote)]);
        assert!(asked.status.success(), "{}", text(&asked.stderr));
        assert!(std::fs::metadata(&remote).unwrap().len() > 0);
        if name == "r.parquet" {
            let read =
                |file: &Path| text(&here("R", &["--table", &format!("R={}", path(file)), "--format", "json"]).stdout);
            assert_eq!(read(&remote), read(&local));
        }
    }
}

#[test]
fn parameters_and_databases_go_along() {
    let server = Server::start();
    let query = "declare query_parameters(n:long, s:string); print n + 1, s, current_database()";
    let args = ["--param", "n=41", "--param", "s=it's", "--database", "main", "--format", "csv"];
    let asked = server.ask(query, &args);
    assert_eq!(text(&asked.stdout), "print_0,print_1,print_2\n42,it's,main\n", "{}", text(&asked.stderr));
    let unknown = server.ask("print 1", &["--database", "nowhere"]);
    assert!(text(&unknown.stderr).contains("Entity ID 'nowhere' of kind 'Database' was not found"));
}

#[test]
fn what_is_wrong_is_drawn_as_here() {
    let server = Server::start();
    for query in
        ["print x = ", "Nowhere | take 1", "range x from 1 to 3 step 1\n| where y > 1", "print ü = strlenn('x')"]
    {
        let (local, remote) = (here(query, &[]), server.ask(query, &[]));
        assert!(!remote.status.success());
        assert!(text(&remote.stderr).contains("-->") || text(&remote.stderr).contains('^'), "{}", text(&remote.stderr));
        assert_eq!(text(&remote.stderr), text(&local.stderr), "{query}");
    }
}

#[test]
fn a_result_that_is_not_whole_replaces_nothing() {
    let server = Server::start();
    let path = server.folder.path().join("result.csv");
    std::fs::write(&path, "before").unwrap();
    let asked = server.ask("range x from 1 to 40000 step 1", &["-o", &path.to_string_lossy()]);
    assert!(!asked.status.success());
    assert!(text(&asked.stderr).contains("80DA0003"), "{}", text(&asked.stderr));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    let all = server.ask("set notruncation; range x from 1 to 40000 step 1 | count", &["--format", "csv"]);
    assert_eq!(text(&all.stdout), "Count\n40000\n");
}

#[test]
fn who_may_not_is_told() {
    let server = Server::start();
    let url = ["--server", &server.url];
    let refused = |command: &mut Command| text(&command.output().unwrap().stderr);
    let none = refused(&mut vidimus("print 1", &url));
    assert!(none.contains("VIDIMUS_TOKEN"), "{none}");
    let open = refused(&mut vidimus("print 1", &["--server", &server.url, "--anonymous"]));
    assert!(open.contains("the server answers 401"), "{open}");
    let wrong = refused(vidimus("print 1", &url).env("VIDIMUS_TOKEN", "vdm_000000000000_wrong"));
    assert!(wrong.contains("the server answers 401: the token is not valid"), "{wrong}");
    let token = std::fs::read_to_string(server.token_file()).unwrap();
    let right = vidimus("print 1", &url).env("VIDIMUS_TOKEN", token.trim()).output().unwrap();
    assert!(right.status.success());
}

#[test]
fn a_token_stays_here_rather_than_travel_in_the_open() {
    let server = Server::start();
    let token_file = server.token_file();
    let refused = |args: &[&str]| {
        let mut command = vidimus("print 1", args);
        text(&command.arg("--token-file").arg(&token_file).output().unwrap().stderr)
    };
    assert!(refused(&["--server", "http://logs.invalid"]).contains("unencrypted"));
    assert!(refused(&["--server", "ftp://127.0.0.1"]).contains("no URL of http"));
    assert!(refused(&["--server", "http://127.0.0.1:1"]).contains("cannot ask"));
    assert!(refused(&["--server", &server.url, "logs.json"]).contains("asks a server's tables only"));
}

#[test]
fn tls_is_checked_against_the_given_root() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).unwrap();
    let files = TlsFiles { certificates: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let ca = files.certificates.to_string_lossy().into_owned();
    let server = Server::start_with(folder, Some(files));
    let trusted = server.ask("print x=1", &["--tls-ca", &ca, "--format", "csv"]);
    assert_eq!(text(&trusted.stdout), "x\n1\n", "{}", text(&trusted.stderr));
    let untrusted = server.ask("print x=1", &[]);
    assert!(!untrusted.status.success() && text(&untrusted.stderr).contains("cannot ask"));
}

#[test]
fn ctrl_c_ends_the_query_at_the_server() {
    let server = Server::start();
    let endless = "range x from 1 to 1000000000000 step 1 | where x < 0 | count";
    let mut command = server.command(endless, &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Until the program listens to the signal it would end by it, which ends the query as well.
    std::thread::sleep(Duration::from_millis(500));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert!(!ended.status.success());
    assert!(text(&ended.stderr).contains("cancelled"), "{}", text(&ended.stderr));
    let begun = Instant::now();
    while server.sink.0.lock().unwrap().first().is_none_or(|record| record.response_code != 499) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the query runs on");
        std::thread::sleep(Duration::from_millis(20));
    }
}
