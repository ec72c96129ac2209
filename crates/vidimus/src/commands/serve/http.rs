//! What is served over HTTP, until the server is told to stop.

use std::io::Write;
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api_kusto::{Databases, KustoApi, Queries, RunningQueries};
use api_monitor::MonitorApi;
use api_office::OfficeApi;
use audit::AuditSink;
use auth::Tokens;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use kusto_ingestion::Ingestion;
use listeners::http::{HttpListener, HttpOptions, HttpVersion};
use management::Manager;
use query::Engine;
use stdx::SystemClock;
use tokio::signal::unix::{SignalKind, signal};
use workspaces::Directory;

use super::ServeArgs;
use super::refusals::{Refusals, note_refusals};
use super::syslog::{Bound, Syslog};

/// How often it is looked whether there is more to write down of what was refused.
const SETTLE_EVERY: Duration = Duration::from_secs(10);
/// How long queries may take to notice that they were dropped.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// What is served.
pub struct Served {
    pub databases: Arc<dyn Databases>,
    pub directory: Arc<Directory>,
    pub ingestion: Option<Ingestion>,
    pub running: Arc<RunningQueries>,
    pub audit: Arc<dyn AuditSink>,
    pub tokens: Arc<Tokens>,
    /// Counts what is refused.
    pub refusals: Arc<Refusals>,
    pub engine: Engine,
    /// Takes syslog.
    pub syslog: Option<Syslog>,
    /// Does management commands.
    pub commands: Option<Arc<Manager>>,
    /// Answers those who collect audit records as from Microsoft.
    pub office: Option<OfficeApi>,
    /// Endpoints beside those of queries.
    pub routers: Vec<Router>,
    /// Those of a listener of their own.
    pub otlp_grpc: Router,
}

/// Serves until SIGTERM or SIGINT, then lets the requests that run end. A second signal ends the program at once. Prints
/// the address once it listens and `started` has been told of it.
pub fn serve(
    args: &ServeArgs,
    served: Served,
    started: impl FnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    serve_until(args, served, stop_signal, |url| {
        started(&url)?;
        // Whoever started the server waits for this line.
        say_listening(&url)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn say_listening(on: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "vidimus: listening on {on}").and_then(|()| out.flush()).context("cannot print the address")
}

/// Serves until what `stop` makes is done. Calls `ready` with the server's address once it listens.
fn serve_until<S: Future<Output = ()>>(
    args: &ServeArgs,
    mut served: Served,
    stop: impl FnOnce() -> anyhow::Result<S>,
    ready: impl FnOnce(String) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let options = args.http_options()?;
    let tls = options.tls.is_some();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        let stop = stop()?;
        let listener = HttpListener::bind(args.listen, options).await.context("cannot start the server")?;
        let refusals = served.refusals.clone();
        let syslog = match served.syslog.take() {
            Some(syslog) => Some(syslog.bind(args, refusals.clone()).await?),
            None => None,
        };
        let scheme = if tls { "https" } else { "http" };
        let grpc = match args.otlp_grpc {
            Some(address) => {
                let options = HttpOptions { version: HttpVersion::Two, ..args.http_options()? };
                let grpc = HttpListener::bind(address, options).await.context("cannot listen for OTLP over gRPC")?;
                let noted = from_fn_with_state(served.refusals.clone(), note_refusals);
                Some((grpc, served.otlp_grpc.clone().layer(noted)))
            }
            None => None,
        };
        ready(format!("{scheme}://{}", listener.address()))?;
        if let Some((grpc, _)) = &grpc {
            say_listening(&format!("{scheme}://{} for OTLP over gRPC", grpc.address()))?;
        }
        let syslog = syslog.map(Bound::start);
        let stop = stop.shared();
        let (router, queries) = router(args, served, tls);
        let settling = tokio::spawn({
            let refusals = refusals.clone();
            async move {
                loop {
                    tokio::time::sleep(SETTLE_EVERY).await;
                    refusals.settle(false).await;
                }
            }
        });
        let serve_grpc = async {
            if let Some((grpc, router)) = grpc {
                grpc.serve(router, stop.clone()).await;
            }
        };
        let stop_syslog = async {
            stop.clone().await;
            if let Some(syslog) = syslog {
                syslog.end().await;
            }
        };
        tokio::join!(listener.serve(router, stop.clone()), serve_grpc, stop_syslog);
        settling.abort();
        refusals.settle(true).await;
        // Whose client was dropped ends soon, and leaves its record.
        if tokio::time::timeout(END_TIMEOUT, queries.ended()).await.is_err() {
            eprintln!("vidimus: queries that do not end are left");
        }
        Ok(())
    })
}

/// The queries that run, by protocol.
struct Running {
    kusto: Queries,
    monitor: Queries,
    office: Option<Queries>,
}

impl Running {
    /// Waits until none runs and all have left their records.
    async fn ended(&self) {
        self.kusto.ended().await;
        self.monitor.ended().await;
        if let Some(office) = &self.office {
            office.ended().await;
        }
    }
}

/// Returns all routes.
fn router(args: &ServeArgs, served: Served, tls: bool) -> (Router, Running) {
    let limits = api_monitor::Limits::default();
    let monitor = MonitorApi {
        engine: served.engine.clone(),
        databases: served.databases.clone(),
        directory: served.directory,
        tokens: served.tokens.clone(),
        audit: served.audit.clone(),
        clock: Arc::new(SystemClock),
        limits: api_monitor::Limits { queries_max: args.limits().queries_max, ..limits },
    };
    let api = KustoApi {
        engine: served.engine,
        databases: served.databases,
        ingestion: served.ingestion,
        running: served.running,
        tokens: served.tokens,
        audit: served.audit,
        clock: Arc::new(SystemClock),
        limits: args.limits(),
        portal: args.portal_url.clone(),
        commands: served.commands,
        tls,
    };
    let (router, kusto) = api_kusto::router(api);
    let (of_monitor, monitor) = api_monitor::router(monitor);
    let (of_office, office) = served.office.map(api_office::router).unzip();
    let queries = Running { kusto, monitor, office };
    let router = router.merge(of_monitor).merge(of_office.unwrap_or_default());
    let router = served.routers.into_iter().fold(router, Router::merge).fallback(unknown_endpoint);
    let router = if args.allow_anonymous { router.layer(from_fn(refuse_web_pages)) } else { router };
    (router.layer(from_fn_with_state(served.refusals, note_refusals)), queries)
}

/// Answers a path that there is not. Clients read JSON only.
async fn unknown_endpoint() -> impl IntoResponse {
    let body = r#"{"error":{"code":"NotFound","message":"there is no such endpoint","@permanent":true}}"#;
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "application/json; charset=utf-8")], body)
}

/// Refuses what a page in this machine's browser sends: it can reach this machine's addresses, by its own name for them too,
/// and without tokens nothing would tell it from a program that was started here.
async fn refuse_web_pages(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // Browsers name no origin with what a page asks for and may not read, such as a picture; the newer ones say from where it is.
    let site = request.headers().get("sec-fetch-site").map(|site| site.as_bytes());
    let is_own = site.is_none_or(|site| [&b"none"[..], b"same-origin"].contains(&site));
    let answers = names_this_machine(host) && is_own && !request.headers().contains_key(ORIGIN);
    if answers {
        return next.run(request).await;
    }
    let message = "without tokens, only programs on this machine are answered, by an address or name of this machine";
    let body = format!(r#"{{"error":{{"code":"Forbidden","message":"{message}","@permanent":true}}}}"#);
    (StatusCode::FORBIDDEN, [(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// Returns whether a host, with or without a port, is this machine by a name that nobody else gives out.
fn names_this_machine(host: &str) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = without_port.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    without_port.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Returns what is done at the first signal to stop.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        eprintln!("vidimus: stopping");
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(i32::from(crate::interrupt::EXIT_CODE));
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_kusto::DatabaseError;
    use audit::{ActivityRecord, ActivitySink, AuditError, QueryRecord};
    use futures::future::BoxFuture;
    use query::Tables;
    use std::io::Read;
    use std::net::{SocketAddr, TcpStream};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    struct Empty;

    impl Databases for Empty {
        fn names(&self) -> Vec<String> {
            vec!["main".to_string()]
        }

        fn tables(&self, _: &str, _: &str) -> Result<Tables, DatabaseError> {
            Ok(Tables::default())
        }
    }

    impl ActivitySink for Empty {
        fn record(&self, _: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl AuditSink for Empty {
        fn record(&self, _: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn args(data: &Path, listen: &str) -> ServeArgs {
        let words = ["serve".as_ref(), "--data".as_ref(), data.as_os_str(), "--listen".as_ref(), listen.as_ref()];
        <Command as clap::Parser>::parse_from(words).args
    }

    fn ask(url: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn directory(args: &ServeArgs) -> Arc<Directory> {
        let options = ingest::VaultOptions::default();
        let vault = ingest::Vault::open(args.data.join("store"), Arc::new(SystemClock), options).unwrap();
        Arc::new(Directory::open(Arc::new(vault)).unwrap())
    }

    /// A server of nothing, with an endpoint of its own.
    struct Running {
        url: String,
        stop: tokio::sync::oneshot::Sender<()>,
        thread: std::thread::JoinHandle<anyhow::Result<()>>,
    }

    fn start(args: ServeArgs) -> Running {
        let own = Router::new().route("/own", axum::routing::get(|| async { "own endpoint" }));
        let served = Served {
            databases: Arc::new(Empty),
            ingestion: None,
            running: RunningQueries::new(Arc::new(SystemClock)),
            audit: Arc::new(Empty),
            // Makes the folder.
            refusals: Arc::new(Refusals::new(Arc::new(Empty), args.tokens().unwrap(), Arc::new(SystemClock))),
            tokens: args.tokens().unwrap(),
            directory: directory(&args),
            engine: args.engine().unwrap(),
            syslog: None,
            commands: None,
            office: None,
            routers: vec![own],
            otlp_grpc: Router::new(),
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (say, url) = std::sync::mpsc::channel();
        let until = move || {
            Ok(async move {
                let _ = stopped.await;
            })
        };
        let ready = move |url| say.send(url).context("nobody waits");
        let thread = std::thread::spawn(move || serve_until(&args, served, until, ready));
        Running { url: url.recv().unwrap(), stop, thread }
    }

    #[test]
    fn a_server_says_where_it_listens_answers_its_owner_and_stops() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(&folder.path().join("data"), "127.0.0.1:0");
        let (data, token_path) = (args.data.clone(), args.data.join("owner.token"));
        let Running { url, stop, thread } = start(args);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&token_path), mode(&data)), (0o600, 0o700));
        let token = std::fs::read_to_string(&token_path).unwrap();

        let body = r#"{"db":"main","csl":"print x=41+1"}"#;
        let head = format!("POST /v1/rest/query HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {}\r\n", token.trim());
        let head = format!("{head}Connection: close\r\nContent-Length: {}", body.len());
        let answer = ask(&url, &format!("{head}\r\n\r\n{body}"));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"Rows\":[[42]]"), "{answer}");
        let get = |path: &str| ask(&url, &format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
        assert!(get("/own").ends_with("own endpoint"));
        let unknown = get("/nowhere");
        assert!(unknown.starts_with("HTTP/1.1 404") && unknown.contains("\"code\":\"NotFound\""), "{unknown}");

        stop.send(()).unwrap();
        thread.join().unwrap().unwrap();
        assert!(TcpStream::connect(url.trim_start_matches("http://")).is_err());
    }

    #[test]
    fn without_tokens_programs_are_answered_and_web_pages_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let args = ServeArgs { allow_anonymous: true, ..args(folder.path(), "127.0.0.1:0") };
        let Running { url, stop, thread } = start(args);
        let body = r#"{"db":"main","csl":"print x=41+1"}"#;
        let status = |headers: &str| {
            let head = format!("POST /v1/rest/query HTTP/1.1\r\nConnection: close\r\n{headers}");
            let answer = ask(&url, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
            answer.split(' ').nth(1).map(str::to_string).unwrap()
        };
        assert_eq!(status("Host: 127.0.0.1:8080\r\n"), "200");
        assert_eq!(status("Host: localhost\r\n"), "200");
        assert_eq!(status("Host: [::1]:8080\r\n"), "200");
        // A page of another site that sends a form; one whose own name leads to this machine.
        assert_eq!(status("Host: 127.0.0.1:8080\r\nOrigin: https://evil.example\r\n"), "403");
        assert_eq!(status("Host: evil.example:8080\r\n"), "403");
        assert_eq!(status("Host: 127.0.0.1.evil.example\r\n"), "403");
        assert_eq!(status("Host: \r\n"), "403");
        stop.send(()).unwrap();
        thread.join().unwrap().unwrap();
    }

    #[test]
    fn the_owner_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), "127.0.0.1:0");
        args.tokens().unwrap();
        let token = std::fs::read_to_string(folder.path().join("owner.token")).unwrap();
        assert_eq!(args.tokens().unwrap().list().unwrap().len(), 1);
        assert_eq!(std::fs::read_to_string(folder.path().join("owner.token")).unwrap(), token);
        // A file of that name is never written over.
        std::fs::remove_file(folder.path().join("tokens")).unwrap();
        assert!(args.tokens().is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("owner.token")).unwrap(), token);
    }

    #[test]
    fn tokens_do_not_travel_in_the_open_unless_allowed() {
        let folder = tempfile::tempdir().unwrap();
        for (listen, plain) in [("127.0.0.1:0", true), ("[::1]:0", true), ("0.0.0.0:0", false), ("[::]:0", false)] {
            let mut args = args(folder.path(), listen);
            assert_eq!(args.http_options().is_ok(), plain, "{listen}");
            args.insecure_plain_http = true;
            assert!(args.http_options().is_ok(), "{listen}");
            args.insecure_plain_http = false;
            (args.tls_cert, args.tls_key) = (Some("cert".into()), Some("key".into()));
            assert!(args.http_options().is_ok_and(|options| options.tls.is_some()), "{listen}");
            // The same goes for the other address.
            (args.tls_cert, args.tls_key) = (None, None);
            (args.otlp_grpc, args.listen) = (Some(args.listen), SocketAddr::from(([127, 0, 0, 1], 0)));
            assert_eq!(args.http_options().is_ok(), plain, "{listen}");
            args.allow_anonymous = true;
            assert_eq!(args.tokens().is_ok(), plain, "{listen}");
        }
    }
}
