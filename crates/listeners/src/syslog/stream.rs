//! Messages over connections, with or without TLS.
//!
//! # Source
//! RFC 6587; RFC 5425.

use super::tls::refused_certificate;
use super::watcher::is_stopped;
use super::{Framing, Message, Outlet, Refusal, Senders, SyslogError, SyslogTls, Transport, Watcher};
use socket2::{SockRef, TcpKeepalive};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

/// Bytes that are read at a time.
const READ_BYTES: usize = 64 << 10;
/// Pause after a connection could not be accepted: the process may be out of file descriptors for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long nobody comes before nobody is in line, and a connection has nothing to say before it counts as empty, once the server
/// stops; and how long either is waited for at most.
const DRAIN_PAUSE: Duration = Duration::from_millis(100);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// When peers are asked whether they are still there, and how often until they are not.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(120);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);

/// What a connection may do.
#[derive(Debug, Clone)]
pub struct StreamLimits {
    /// Connections at the same time; further ones wait to be accepted.
    pub connections_max: usize,
    /// Bytes of a message; of a longer one the beginning is taken.
    pub message_bytes_max: usize,
    /// Bytes of a message of which the rest is thrown away; the connection is closed at a longer one.
    pub endless_bytes_max: u64,
    /// How long TLS may take to begin, and a message to end that has begun.
    pub message_timeout: Duration,
    /// How long a connection may be silent between messages. Some senders notice only by losing a message that theirs was closed.
    pub idle_timeout: Duration,
    /// How long a sender's TLS may take to end, once the server closes.
    pub close_timeout: Duration,
}

impl Default for StreamLimits {
    fn default() -> StreamLimits {
        StreamLimits {
            connections_max: 1024,
            message_bytes_max: 256 << 10,
            endless_bytes_max: 16 << 20,
            message_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(24 * 3600),
            close_timeout: Duration::from_secs(1),
        }
    }
}

/// A socket for connections.
pub struct StreamListener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    /// `None` where a client's certificate says who it is.
    senders: Option<Senders>,
    limits: StreamLimits,
}

impl StreamListener {
    /// Listens on an address; port 0 is any that is free. Connections of `senders` are taken; with TLS whose clients need certificates, of
    /// all who have one.
    ///
    /// # Errors
    /// When the address cannot be had, or the files of TLS cannot be used.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<&SyslogTls>,
        senders: Senders,
        limits: StreamLimits,
    ) -> Result<StreamListener, SyslogError> {
        let senders = Some(senders).filter(|_| tls.is_none_or(|tls| tls.client_ca.is_none()));
        let tls = tls.map(SyslogTls::acceptor).transpose()?;
        let failed = |source| SyslogError::Bind { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(StreamListener { socket, address, tls, senders, limits })
    }

    /// Returns the address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn transport(&self) -> Transport {
        if self.tls.is_some() { Transport::Tls } else { Transport::Tcp }
    }

    /// Takes connections until `stop` says so, then what they have sent already.
    pub async fn serve(self, outlet: Outlet, watcher: Arc<dyn Watcher>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let transport = self.transport();
        let mut connections = JoinSet::new();
        let mut draining: Option<Instant> = None;
        loop {
            // Those that have ended are let go of.
            while connections.try_join_next().is_some() {}
            let is_empty = async {
                match draining {
                    Some(end) => sleep_until(end.min(Instant::now() + DRAIN_PAUSE)).await,
                    None => std::future::pending().await,
                }
            };
            let accepted = tokio::select! {
                biased;
                // Who was let in by the kernel may have sent already, and counts on it.
                () = is_stopped(&mut stop), if draining.is_none() => {
                    draining = Some(Instant::now() + DRAIN_TIMEOUT);
                    continue;
                }
                () = is_empty => break,
                accepted = accept(&self.socket, &places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            if self.senders.as_ref().is_some_and(|senders| !senders.may(peer)) {
                let why = "messages are not taken from its address".to_string();
                watcher.refused(Refusal { peer, transport, why });
                continue;
            }
            let connection =
                Connection { peer, transport, outlet: outlet.clone(), limits: self.limits.clone(), stop: stop.clone() };
            let (tls, watcher) = (self.tls.clone(), watcher.clone());
            connections.spawn(async move {
                connection.serve(stream, tls, &*watcher).await;
                drop(place);
            });
        }
        drop(self.socket);
        while connections.join_next().await.is_some() {}
    }
}

/// Waits for a place, then for a connection; `None` when it could not be accepted.
async fn accept(socket: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let (stream, peer) = socket.accept().await.ok()?;
    Some((stream, peer.ip().to_canonical(), place))
}

/// How one connection is read.
struct Connection {
    peer: IpAddr,
    transport: Transport,
    outlet: Outlet,
    limits: StreamLimits,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: &dyn Watcher) {
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
        // Without it a sender that has vanished keeps its place for longer.
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
        let Some(tls) = tls else { return self.read(stream).await };
        let mut stop = self.stop.clone();
        let begun = tokio::select! {
            biased;
            // Nothing was read of it.
            () = is_stopped(&mut stop) => return,
            begun = timeout(self.limits.message_timeout, tls.accept(stream)) => begun,
        };
        match begun {
            Ok(Ok(stream)) => self.read(stream).await,
            Ok(Err(error)) => {
                if let Some(why) = refused_certificate(&error) {
                    watcher.refused(Refusal { peer: self.peer, transport: self.transport, why });
                }
            }
            // Who does not speak TLS, or not in time, is left.
            Err(_) => {}
        }
    }

    /// Reads messages until there are no more.
    async fn read(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut framing = Framing::new(self.limits.message_bytes_max);
        let mut buffer = vec![0; READ_BYTES];
        let mut stop = self.stop.clone();
        let mut draining: Option<Instant> = None;
        let mut deadline = self.deadline(&framing);
        let is_closed = loop {
            let until = draining.map_or(deadline, |end| end.min(Instant::now() + DRAIN_PAUSE));
            let read = tokio::select! {
                biased;
                () = is_stopped(&mut stop), if draining.is_none() => {
                    draining = Some(Instant::now() + DRAIN_TIMEOUT);
                    continue;
                }
                read = timeout_at(until, read_some(&mut stream, &mut buffer)) => read,
            };
            let n = match read {
                Ok(Ok(0)) => break true,
                Ok(Ok(n)) => n,
                // A peer that closes without TLS's own word has closed all the same.
                Ok(Err(error)) => break error.kind() == io::ErrorKind::UnexpectedEof,
                Err(_) => break false,
            };
            let mut messages = Vec::new();
            framing.push(buffer.get(..n).unwrap_or_default(), &mut messages);
            let has_ended = !messages.is_empty();
            self.put(messages).await;
            if framing.length() > self.limits.endless_bytes_max {
                break false;
            }
            // A message has its time from its beginning on, and waiting for room is not its sender's.
            if has_ended || framing.is_between() || draining.is_some() {
                deadline = self.deadline(&framing);
            } else {
                deadline = deadline.min(self.deadline(&framing));
            }
        };
        let mut rest = Vec::new();
        framing.finish(is_closed, &mut rest);
        self.put(rest).await;
        let close = poll_fn(|context| pin!(&mut stream).poll_shutdown(context));
        let _ = timeout(self.limits.close_timeout, close).await;
    }

    /// Returns when the next bytes have to be there.
    fn deadline(&self, framing: &Framing) -> Instant {
        let limits = &self.limits;
        Instant::now() + if framing.is_between() { limits.idle_timeout } else { limits.message_timeout }
    }

    async fn put(&mut self, messages: Vec<Message>) {
        self.outlet.put(self.peer, self.transport, messages).await;
    }
}

/// Reads what is there, once something is; 0 at the end.
async fn read_some(stream: &mut (impl AsyncRead + Unpin), buffer: &mut [u8]) -> io::Result<usize> {
    let mut buffer = ReadBuf::new(buffer);
    poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut buffer)).await?;
    Ok(buffer.filled().len())
}
