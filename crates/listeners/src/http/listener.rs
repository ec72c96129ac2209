//! Accepts connections and serves them until it is told to stop.

use super::unread::Shared;
use super::{HttpError, TlsFiles};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::EXPECT;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Bytes of a request's first line and headers, and of what is read ahead.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Requests that run on one connection of HTTP/2 at the same time.
const STREAMS_MAX: u32 = 64;
/// Bytes of the headers of a request of HTTP/2.
const HEADER_LIST_BYTES_MAX: u32 = 64 << 10;
/// How long a connection of HTTP/2 may be idle, by the time that headers have: clients keep them between batches.
const IDLE_FACTOR: u32 = 20;
/// Pause after a connection could not be accepted: the process may be out of file descriptors for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    One,
    /// HTTP/2, also without TLS, of clients that know it beforehand.
    Two,
}

/// How connections are served.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    pub version: HttpVersion,
    /// Speaks TLS with these files; plain where `None`.
    pub tls: Option<TlsFiles>,
    /// How long TLS, then each request's headers, may take to arrive; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// Connections at the same time; further ones wait to be accepted.
    pub connections_max: usize,
    /// How long requests that run may take to end once the listener stops.
    pub stop_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            version: HttpVersion::One,
            tls: None,
            header_timeout: Duration::from_secs(30),
            connections_max: 1024,
            stop_timeout: Duration::from_secs(30),
        }
    }
}

/// A socket that listens.
pub struct HttpListener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    options: HttpOptions,
}

impl HttpListener {
    /// Listens on an address; port 0 is any that is free.
    ///
    /// # Errors
    /// When the address cannot be had, or the files of TLS cannot be used: the caller's.
    pub async fn bind(address: SocketAddr, options: HttpOptions) -> Result<HttpListener, HttpError> {
        let tls = options.tls.as_ref().map(|files| files.acceptor(options.version)).transpose()?;
        let failed = |source| HttpError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(HttpListener { socket, address, tls, options })
    }

    /// Returns the address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves connections until `stop` is done, then waits for the requests that run; those that do not end within their
    /// time are dropped. A request knows its client's address by `ConnectInfo<SocketAddr>`.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(self.options.connections_max));
        let running = GracefulShutdown::new();
        let HttpOptions { version, header_timeout, .. } = self.options;
        let connection = Connection { version, router, tls: self.tls, header_timeout };
        let mut stop = std::pin::pin!(stop);
        let mut connections = JoinSet::new();
        loop {
            // Those that have ended are let go of.
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&self.socket, &places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (connection, watcher) = (connection.clone(), running.watcher());
            connections.spawn(async move {
                connection.serve(stream, peer, watcher).await;
                drop(place);
            });
        }
        drop(self.socket);
        // What does not end in time is dropped.
        let _ = tokio::time::timeout(self.options.stop_timeout, running.shutdown()).await;
        connections.shutdown().await;
    }
}

/// Waits for a place, then for a connection; `None` when it could not be accepted.
async fn accept(
    socket: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let (stream, peer) = socket.accept().await.ok()?;
    Some((stream, peer, place))
}

/// How one connection is served.
#[derive(Clone)]
struct Connection {
    version: HttpVersion,
    router: Router,
    tls: Option<TlsAcceptor>,
    header_timeout: Duration,
}

impl Connection {
    async fn serve(self, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
        // Answers go out at once: small writes that wait for an acknowledgement would cost 40 ms each.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        match self.tls.clone() {
            None => self.requests(stream, peer, watcher).await,
            Some(tls) => {
                // Who does not speak TLS, or not in time, is left.
                if let Ok(Ok(stream)) = tokio::time::timeout(self.header_timeout, tls.accept(stream)).await {
                    self.requests(stream, peer, watcher).await;
                }
            }
        }
    }

    async fn requests(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        watcher: Watcher,
    ) {
        let router = TowerToHyperService::new(self.router);
        let requests = Requests::default();
        let running = requests.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let router = router.clone();
            let running = running.begin();
            async move {
                let (parts, body) = request.into_parts();
                // Who waits to be asked for its body has not sent it.
                let sends = !parts.headers.contains_key(EXPECT);
                let body = Shared::new(body);
                let mut request = Request::from_parts(parts, Body::new(body.clone()));
                request.extensions_mut().insert(ConnectInfo(peer));
                let answered = router.call(request).await;
                if sends {
                    body.discard().await;
                }
                drop(running);
                answered
            }
        });
        let stream = TokioIo::new(stream);
        // A connection that breaks is its client's affair; what it asked for is written down by the endpoint.
        match self.version {
            HttpVersion::One => {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(self.header_timeout)
                    .max_buf_size(HEADER_BYTES_MAX)
                    .serve_connection(stream, service);
                let _ = watcher.watch(connection).await;
            }
            HttpVersion::Two => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .keep_alive_interval(self.header_timeout)
                    .max_concurrent_streams(STREAMS_MAX)
                    .max_header_list_size(HEADER_LIST_BYTES_MAX)
                    .serve_connection(stream, service);
                // HTTP/2 has no time limits for headers, nor for connections on which nothing is asked.
                tokio::select! {
                    _ = watcher.watch(connection) => {}
                    () = requests.none_for(self.header_timeout, IDLE_FACTOR * self.header_timeout) => {}
                }
            }
        }
    }
}

/// The requests of a connection.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    /// Those that run.
    n_running: usize,
    /// Those that there were.
    n_begun: u64,
}

/// A request that runs.
struct Running(Requests);

impl Requests {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Running {
        let mut counted = self.counted();
        counted.n_running += 1;
        counted.n_begun += 1;
        Running(self.clone())
    }

    /// Waits until the first request did not come within its time, or after some there was none for a while.
    async fn none_for(self, first: Duration, idle: Duration) {
        tokio::time::sleep(first).await;
        let mut n_before = 0;
        loop {
            {
                let counted = self.counted();
                if counted.n_running == 0 && counted.n_begun == n_before {
                    return;
                }
                n_before = counted.n_begun;
            }
            tokio::time::sleep(idle).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.counted().n_running -= 1;
    }
}
