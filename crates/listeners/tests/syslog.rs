//! Real sockets: who is let in, what is taken, who has to wait, and what is counted.

use listeners::http::TlsFiles;
use listeners::syslog::{
    Fault, Inlet, Message, Outlet, Received, Refusal, Senders, StreamLimits, StreamListener, SyslogTls, Transport,
    UdpListener, Watcher, queue,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Remembers what it is told.
#[derive(Default)]
struct Told {
    refused: Mutex<Vec<Refusal>>,
    dropped: Mutex<u64>,
}

impl Watcher for Told {
    fn refused(&self, refusal: Refusal) {
        self.refused.lock().unwrap().push(refusal);
    }

    fn dropped(&self, n: u64) {
        *self.dropped.lock().unwrap() += n;
    }
}

struct Server {
    runtime: Runtime,
    address: SocketAddr,
    told: Arc<Told>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    inlet: Inlet,
}

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn start<F: Future<Output = ()> + Send + 'static>(
    (runtime, address): (Runtime, SocketAddr),
    room_bytes: u32,
    serve: impl FnOnce(Outlet, Arc<dyn Watcher>, watch::Receiver<bool>) -> F,
) -> Server {
    let told = Arc::new(Told::default());
    let (stop, stopped) = watch::channel(false);
    let ([outlet, _], inlet) = queue(room_bytes);
    let serving = runtime.spawn(serve(outlet, told.clone(), stopped));
    Server { runtime, address, told, stop, serving, inlet }
}

fn start_stream(tls: Option<SyslogTls>, senders: Senders, limits: StreamLimits, room_bytes: u32) -> Server {
    let runtime = runtime();
    let listener = runtime.block_on(StreamListener::bind(ANY, tls.as_ref(), senders, limits)).unwrap();
    let address = listener.address();
    start((runtime, address), room_bytes, move |outlet, watcher, stop| listener.serve(outlet, watcher, stop))
}

fn start_udp(senders: Senders, room_bytes: u32) -> Server {
    let runtime = runtime();
    let listener = runtime.block_on(UdpListener::bind(ANY, senders, 2000)).unwrap();
    let address = listener.address();
    start((runtime, address), room_bytes, move |outlet, watcher, stop| listener.serve(outlet, watcher, stop))
}

impl Server {
    fn next(&mut self) -> Received {
        let next = async { tokio::time::timeout(Duration::from_secs(20), self.inlet.next()).await };
        self.runtime.block_on(next).expect("in time").expect("messages")
    }

    /// Returns the texts of so many messages.
    fn texts(&mut self, n: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < n {
            let received = self.next();
            assert!(received.peer.is_loopback());
            texts.extend(received.messages.iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()));
        }
        texts
    }

    /// Stops the listener; returns the rest of what it received.
    fn stop(mut self) -> (Vec<Message>, Arc<Told>) {
        self.stop.send_replace(true);
        let rest = self.runtime.block_on(async {
            let mut rest = Vec::new();
            // What is let go of leaves room for more.
            while let Some(received) = self.inlet.next().await {
                rest.extend(received.messages.clone());
            }
            self.serving.await.unwrap();
            rest
        });
        (rest, self.told)
    }
}

fn nobody() -> Senders {
    Senders::new(vec!["192.0.2.0/24".parse().unwrap()])
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the server closes a connection.
fn closed_after(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let end = stream.read(&mut [0; 16]);
    assert!(!matches!(&end, Err(error) if error.kind() == ErrorKind::WouldBlock), "it stays open");
    begun.elapsed()
}

#[test]
fn datagrams_are_messages() {
    let mut server = start_udp(Senders::this_machine(), 1 << 20);
    let socket = UdpSocket::bind(ANY).unwrap();
    socket.send_to(b"<13>one\nof two lines", server.address).unwrap();
    socket.send_to(b"5 <13>two", server.address).unwrap();
    assert_eq!(server.texts(2), ["<13>one\nof two lines", "5 <13>two"]);
    socket.send_to(&[b'x'; 3000], server.address).unwrap();
    let long = server.next().messages.remove(0);
    assert_eq!((long.bytes.len(), long.fault), (2000, Some(Fault::Oversized { length: 3000 })));
    // What has come is taken, also when the server stops right then.
    for n in 0..50 {
        socket.send_to(format!("<13>{n}").as_bytes(), server.address).unwrap();
    }
    let (rest, told) = server.stop();
    assert_eq!(rest.len(), 50);
    assert_eq!(*told.dropped.lock().unwrap(), 0);
}

#[test]
fn every_datagram_is_taken_or_counted() {
    // Nobody takes anything, so that soon there is no room.
    let server = start_udp(Senders::this_machine(), 50_000);
    let socket = UdpSocket::bind(ANY).unwrap();
    const N: usize = 20_000;
    for _ in 0..N {
        socket.send_to(&[b'x'; 1000], server.address).unwrap();
    }
    let (rest, told) = server.stop();
    let n_dropped = *told.dropped.lock().unwrap();
    assert!(n_dropped > 0, "there was room for all");
    assert_eq!(rest.len() as u64 + n_dropped, N as u64);
}

#[test]
fn who_is_not_known_is_refused_and_told() {
    let server = start_udp(nobody(), 1 << 20);
    let socket = UdpSocket::bind(ANY).unwrap();
    socket.send_to(b"<13>one", server.address).unwrap();
    wait_for("it is told", || server.told.refused.lock().unwrap().len() == 1);
    let (rest, told) = server.stop();
    assert!(rest.is_empty());
    let refusal = told.refused.lock().unwrap().remove(0);
    assert_eq!((refusal.peer.to_string().as_str(), refusal.transport), ("127.0.0.1", Transport::Udp));

    let server = start_stream(None, nobody(), StreamLimits::default(), 1 << 20);
    let mut stream = TcpStream::connect(server.address).unwrap();
    let _ = stream.write_all(b"<13>one\n");
    closed_after(stream);
    let (rest, told) = server.stop();
    assert!(rest.is_empty());
    assert_eq!(told.refused.lock().unwrap().remove(0).transport, Transport::Tcp);
}

#[test]
fn connections_carry_messages_of_both_framings() {
    let mut server = start_stream(None, Senders::this_machine(), StreamLimits::default(), 1 << 20);
    let mut stream = TcpStream::connect(server.address).unwrap();
    for piece in ["<13>on", "e\n9 <13>", "two\nx<13>three\r\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.texts(3), ["<13>one", "<13>two\nx", "<13>three\r"]);
    // A line without an end is one when its sender closes.
    stream.write_all(b"<13>last").unwrap();
    drop(stream);
    assert_eq!(server.texts(1), ["<13>last"]);
    // What was sent when the server stops is taken, and what has no end yet is said to have none.
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"<13>a\n").unwrap();
    assert_eq!(server.texts(1), ["<13>a"]);
    stream.write_all(b"<13>b\n<13>c").unwrap();
    let (rest, _) = server.stop();
    let faults: Vec<_> = rest.iter().map(|message| message.fault).collect();
    assert_eq!(faults, [None, Some(Fault::Unfinished { length: None })]);
    closed_after(stream);
}

#[test]
fn who_is_in_line_when_the_server_stops_is_heard() {
    let runtime = runtime();
    let bound = StreamListener::bind(ANY, None, Senders::this_machine(), StreamLimits::default());
    let listener = runtime.block_on(bound).unwrap();
    let address = listener.address();
    let connect = |n: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("<13>{n}\n").as_bytes()).unwrap();
        stream
    };
    let streams: Vec<TcpStream> = (0..20).map(connect).collect();
    // It is told to stop before it has accepted anybody.
    let server = start((runtime, address), 1 << 20, move |outlet, watcher, stop| async move {
        let mut told = stop.clone();
        told.wait_for(|stop| *stop).await.unwrap();
        listener.serve(outlet, watcher, stop).await;
    });
    let (rest, _) = server.stop();
    assert_eq!(rest.len(), streams.len());
}

#[test]
fn who_dawdles_or_never_ends_is_left() {
    let limits = StreamLimits {
        message_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(900),
        endless_bytes_max: 5000,
        message_bytes_max: 1000,
        ..StreamLimits::default()
    };
    let mut server = start_stream(None, Senders::this_machine(), limits, 1 << 20);
    let silent = TcpStream::connect(server.address).unwrap();
    assert!(closed_after(silent) > Duration::from_millis(800));
    // A byte now and then is no message.
    let mut slow = TcpStream::connect(server.address).unwrap();
    let begun = Instant::now();
    slow.write_all(b"<13>").unwrap();
    while slow.write_all(b"x").is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it stays open");
        std::thread::sleep(Duration::from_millis(50));
    }
    let message = server.next().messages.remove(0);
    assert!(message.bytes.starts_with(b"<13>x") && message.fault == Some(Fault::Unfinished { length: None }));
    let mut endless = TcpStream::connect(server.address).unwrap();
    endless.write_all(&[b'x'; 6000]).unwrap();
    closed_after(endless);
    assert_eq!(server.next().messages.remove(0).fault, Some(Fault::Oversized { length: 6000 }));
    // Who announces too much is not waited for.
    let mut announced = TcpStream::connect(server.address).unwrap();
    announced.write_all(b"99999999 <13>").unwrap();
    assert!(closed_after(announced) < Duration::from_millis(250));
    assert_eq!(server.next().messages.remove(0).fault, Some(Fault::Unfinished { length: Some(99_999_999) }));
    server.stop();
}

#[test]
fn connections_are_not_read_while_there_is_no_room() {
    let mut server = start_stream(None, Senders::this_machine(), StreamLimits::default(), 100_000);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let line = [&[b'x'; 999][..], b"\n"].concat();
    // More than kernels keep.
    let mut n_written = 0;
    let is_stopped = loop {
        match stream.write(&line[n_written % 1000..]) {
            Ok(n) => n_written += n,
            Err(error) => break matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
        assert!(n_written < 100_000_000, "it takes without end");
    };
    assert!(is_stopped);
    // Once they are taken, there is room again, and nothing is lost.
    let rest = 1000 - n_written % 1000;
    let writing = std::thread::spawn(move || {
        stream.set_write_timeout(None).unwrap();
        stream.write_all(&line[1000 - rest..]).unwrap();
    });
    let n_lines = n_written / 1000 + 1;
    let mut n = 0;
    while n < n_lines {
        let received = server.next();
        assert!(received.messages.iter().all(|message| message.bytes.len() == 999 && message.fault.is_none()));
        n += received.messages.len();
    }
    assert_eq!(n, n_lines);
    writing.join().unwrap();
    server.stop();
}

/// Certificates of a server and a client, of one issuer.
struct Certificates {
    files: TlsFiles,
    issuer: CertificateDer<'static>,
    client: (CertificateDer<'static>, Vec<u8>),
}

fn certificates(folder: &Path, name: &str) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let made = |name: &str| {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(vec![name.to_string()]).unwrap().signed_by(&key, &issuer).unwrap(), key)
    };
    let (server, server_key) = made("localhost");
    let (client, client_key) = made("sender");
    let path = |kind: &str| folder.join(format!("{name}-{kind}.pem"));
    let files = TlsFiles { certificates: path("cert"), key: path("key") };
    std::fs::write(&files.certificates, server.pem()).unwrap();
    std::fs::write(&files.key, server_key.serialize_pem()).unwrap();
    std::fs::write(path("ca"), issuer.pem()).unwrap();
    Certificates { files, issuer: issuer.der().clone(), client: (client.der().clone(), client_key.serialize_der()) }
}

/// Sends over TLS, with a client's certificate or without; returns whether the server took it.
fn send(address: SocketAddr, of: &Certificates, client: Option<&Certificates>, text: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(of.issuer.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match client {
        None => config.with_no_client_auth(),
        Some(Certificates { client: (certificate, key), .. }) => {
            let key = PrivateKeyDer::try_from(key.clone()).unwrap();
            config.with_client_auth_cert(vec![certificate.clone()], key).unwrap()
        }
    };
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    if stream.write_all(text.as_bytes()).is_err() {
        return false;
    }
    stream.conn.send_close_notify();
    let _ = stream.flush();
    // The server says that it has closed, or why it did not listen.
    stream.read(&mut [0; 16]).is_ok()
}

#[test]
fn tls_is_for_senders_with_a_certificate_from_wherever() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, others) = (certificates(folder.path(), "ours"), certificates(folder.path(), "others"));
    let tls = SyslogTls { files: ours.files.clone(), client_ca: Some(folder.path().join("ours-ca.pem")) };
    let mut server = start_stream(Some(tls), nobody(), StreamLimits::default(), 1 << 20);
    assert!(send(server.address, &ours, Some(&ours), "5 <13>a5 <13>b"));
    assert_eq!(server.texts(2), ["<13>a", "<13>b"]);
    assert!(!send(server.address, &ours, None, "5 <13>a"));
    assert!(!send(server.address, &ours, Some(&others), "5 <13>a"));
    // Who does not speak TLS is left, and is nobody who was refused for who it is.
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain.write_all(b"<13>plain\n").unwrap();
    closed_after(plain);
    let (rest, told) = server.stop();
    assert!(rest.is_empty());
    let refused = told.refused.lock().unwrap();
    let why: Vec<&str> = refused.iter().map(|refusal| refusal.why.as_str()).collect();
    assert!(why.len() == 2 && why[0].contains("no certificate") && why[1].contains("not valid"), "{why:?}");
}

#[test]
fn tls_without_certificates_is_for_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let ours = certificates(folder.path(), "ours");
    let tls = || SyslogTls { files: ours.files.clone(), client_ca: None };
    let mut server = start_stream(Some(tls()), Senders::this_machine(), StreamLimits::default(), 1 << 20);
    assert!(send(server.address, &ours, None, "<13>a\n"));
    assert_eq!(server.texts(1), ["<13>a"]);
    server.stop();
    let server = start_stream(Some(tls()), nobody(), StreamLimits::default(), 1 << 20);
    let stream = TcpStream::connect(server.address).unwrap();
    closed_after(stream);
    assert_eq!(server.stop().1.refused.lock().unwrap().len(), 1);
}
