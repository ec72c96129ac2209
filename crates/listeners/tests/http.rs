//! Connections: who dawdles, who leaves, what ends.

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use listeners::http::{HttpError, HttpListener, HttpOptions, HttpVersion, TlsFiles};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A server with a route that says who asks and one that takes a while.
struct Server {
    address: SocketAddr,
    stop: Arc<Notify>,
    stopped: tokio::task::JoinHandle<()>,
    runtime: tokio::runtime::Runtime,
}

fn start(options: HttpOptions) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = runtime.block_on(HttpListener::bind(any, options)).unwrap();
    let address = listener.address();
    let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        "done"
    };
    let router = Router::new().route("/who", get(who)).route("/slow", get(slow));
    let stop = Arc::new(Notify::new());
    let told = stop.clone();
    let stopped = runtime.spawn(listener.serve(router, async move { told.notified().await }));
    Server { address, stop, stopped, runtime }
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn ask(mut stream: impl Read + Write, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    // A server that does not speak this may hang up before it has read all of it.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.flush());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Waits until the server closes a connection.
fn closed_after(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    begun.elapsed()
}

#[test]
fn requests_know_their_client() {
    let server = start(HttpOptions::default());
    let answer = ask(connect(&server), "/who");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
}

#[test]
fn an_early_answer_arrives_and_the_connection_stays() {
    let server = start(HttpOptions::default());
    let mut stream = connect(&server);
    let body = "x".repeat(200_000);
    for _ in 0..2 {
        // Nobody reads this body; it is still on its way when the answer is there.
        write!(stream, "POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(body.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 404");
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            rest.extend(byte);
        }
    }
    // What is longer, or never comes, is not waited for.
    let mut stream = connect(&server);
    write!(stream, "POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000\r\n\r\n").unwrap();
    assert!(closed_after(stream) < Duration::from_secs(10));
}

#[test]
fn who_dawdles_is_left() {
    let server = start(HttpOptions { header_timeout: Duration::from_millis(300), ..HttpOptions::default() });
    let silent = connect(&server);
    assert!(closed_after(silent) < Duration::from_secs(10), "a silent connection stays");
    let mut half = connect(&server);
    half.write_all(b"GET /who HTTP/1.1\r\nHost:").unwrap();
    assert!(closed_after(half) < Duration::from_secs(10), "a half header stays");
    let mut idle = connect(&server);
    idle.write_all(b"GET /who HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    assert!(closed_after(idle) < Duration::from_secs(10), "an idle connection stays");
}

#[test]
fn connections_beyond_the_limit_wait() {
    let server = start(HttpOptions { connections_max: 1, ..HttpOptions::default() });
    let mut first = connect(&server);
    first.write_all(b"GET /who HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let mut part = [0; 16];
    first.read_exact(&mut part).unwrap();
    let mut second = connect(&server);
    second.write_all(b"GET /who HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(second.read(&mut part).is_err(), "the second is served beside the first");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    second.read_exact(&mut part).unwrap();
    assert!(part.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn requests_that_run_end_before_the_server_does() {
    let server = start(HttpOptions::default());
    let mut stream = connect(&server);
    write!(stream, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.stop.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    server.runtime.block_on(server.stopped).unwrap();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_server_does_not_wait_for_ever() {
    let server = start(HttpOptions { stop_timeout: Duration::from_millis(50), ..HttpOptions::default() });
    let mut stream = connect(&server);
    write!(stream, "GET /slow HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    server.stop.notify_one();
    server.runtime.block_on(server.stopped).unwrap();
    assert!(begun.elapsed() < Duration::from_millis(350));
}

/// A certificate of its own for `localhost`, and the files of it.
fn certificate(folder: &std::path::Path) -> (TlsFiles, rustls::pki_types::CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_string()]).unwrap();
    let files = TlsFiles { certificates: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert.der().clone())
}

#[test]
fn tls_is_spoken_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (files, root) = certificate(folder.path());
    let server =
        start(HttpOptions { tls: Some(files), header_timeout: Duration::from_secs(1), ..HttpOptions::default() });
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let answer = ask(StreamOwned::new(client, connect(&server)), "/who");
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    assert!(!ask(connect(&server), "/who").contains("200"));
    assert!(closed_after(connect(&server)) < Duration::from_secs(10), "a silent connection stays");
}

#[test]
fn files_that_hold_no_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = certificate(folder.path());
    let bind = |tls: TlsFiles| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = HttpOptions { tls: Some(tls), ..HttpOptions::default() };
        runtime.block_on(HttpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options)).err()
    };
    let swapped = TlsFiles { certificates: files.key.clone(), key: files.certificates.clone() };
    assert!(matches!(bind(swapped), Some(HttpError::NoPem { what: "certificate", .. })));
    let no_key = TlsFiles { key: files.certificates.clone(), ..files.clone() };
    assert!(matches!(bind(no_key), Some(HttpError::NoPem { what: "private key", .. })));
    let missing = TlsFiles { key: folder.path().join("none"), ..files.clone() };
    assert!(matches!(bind(missing), Some(HttpError::TlsFile { .. })));
    assert!(bind(files).is_none());
}

/// The preface of HTTP/2, and settings of which none is said.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn of_http_2(header_timeout_ms: u64) -> HttpOptions {
    let header_timeout = Duration::from_millis(header_timeout_ms);
    HttpOptions { version: HttpVersion::Two, header_timeout, ..HttpOptions::default() }
}

#[test]
fn who_dawdles_in_http_2_is_left() {
    let server = start(of_http_2(300));
    assert!(closed_after(connect(&server)) < Duration::from_secs(10), "a silent connection stays");
    let mut silent = connect(&server);
    silent.write_all(PREFACE).unwrap();
    assert!(closed_after(silent) < Duration::from_secs(10), "a connection without a request stays");
    // The beginning of headers whose end does not come.
    let mut half = connect(&server);
    half.write_all(&[PREFACE, &b"\0\0\x01\x01\0\0\0\0\x01\x82"[..]].concat()).unwrap();
    assert!(closed_after(half) < Duration::from_secs(10), "half headers stay");
    assert!(!ask(connect(&server), "/who").contains("200"), "HTTP/1.1 is answered");
}

#[test]
fn with_tls_both_sides_agree_on_http_2() {
    let folder = tempfile::tempdir().unwrap();
    let (files, root) = certificate(folder.path());
    let server = start(HttpOptions { tls: Some(files), ..of_http_2(1_000) });
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, connect(&server));
    stream.write_all(PREFACE).unwrap();
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    // Settings come first.
    assert_eq!(answer.get(3), Some(&4));
}
