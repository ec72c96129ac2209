//! Messages in datagrams, one in each.
//!
//! # Source
//! RFC 5426.

use super::drops::Drops;
use super::watcher::is_stopped;
use super::{Fault, Message, Outlet, Refusal, Senders, SyslogError, Transport, Watcher};
use socket2::SockRef;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// Bytes of a datagram at most.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// Datagrams that are taken together at most.
const DATAGRAMS_MAX: usize = 256;
/// What the kernel is asked to keep of datagrams that nobody has read; it may keep less.
const KERNEL_BYTES: usize = 8 << 20;
/// How often it is looked whether the kernel dropped any.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long datagrams that are there are read, once the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long nothing comes before all is read.
const SILENCE: Duration = Duration::from_millis(100);
/// Pause after a failed read.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket for datagrams.
pub struct UdpListener {
    socket: UdpSocket,
    address: SocketAddr,
    drops: Drops,
    senders: Senders,
    message_bytes_max: usize,
}

impl UdpListener {
    /// Listens on an address; port 0 is any that is free. Messages of `senders` are taken, of longer ones than `message_bytes_max` the
    /// beginning.
    ///
    /// # Errors
    /// When the address cannot be had, or the kernel does not say what it drops.
    pub async fn bind(
        address: SocketAddr,
        senders: Senders,
        message_bytes_max: usize,
    ) -> Result<UdpListener, SyslogError> {
        let failed = |source| SyslogError::Bind { address, source };
        let socket = UdpSocket::bind(address).await.map_err(failed)?;
        // Whatever the kernel grants: what does not fit is counted.
        let _ = SockRef::from(&socket).set_recv_buffer_size(KERNEL_BYTES);
        let drops = Drops::of(&socket).map_err(SyslogError::Drops)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(UdpListener { socket, address, drops, senders, message_bytes_max })
    }

    /// Returns the address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes messages until `stop` says so, then those that have come already.
    pub async fn serve(mut self, outlet: Outlet, watcher: Arc<dyn Watcher>, mut stop: watch::Receiver<bool>) {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        let mut look = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = is_stopped(&mut stop) => break,
                _ = look.tick() => self.say_drops(&*watcher),
                readable = self.socket.readable() => {
                    if readable.is_err() || self.take(&mut buffer, &outlet, &*watcher).await.is_err() {
                        // An answer of the network to what this socket never sent; the next read may do.
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
        let end = Instant::now() + DRAIN_TIMEOUT;
        // The runtime may not know yet of what has come: only its silence for a while says that nothing has.
        while Instant::now() < end && timeout(SILENCE, self.socket.readable()).await.is_ok() {
            // An answer of the network to what this socket never sent says nothing of what else is there.
            let _ = self.take(&mut buffer, &outlet, &*watcher).await;
        }
        self.say_drops(&*watcher);
    }

    /// Takes the datagrams that are there, up to so many; returns how many were read.
    async fn take(&self, buffer: &mut [u8], outlet: &Outlet, watcher: &dyn Watcher) -> std::io::Result<usize> {
        let mut n_read = 0;
        // One sender's datagrams in a row go on together.
        let mut row: Vec<Message> = Vec::new();
        let mut of: Option<IpAddr> = None;
        let mut failed = None;
        while n_read < DATAGRAMS_MAX {
            let (n, peer) = match self.socket.try_recv_from(buffer) {
                Ok((n, peer)) => (n, peer.ip().to_canonical()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            n_read += 1;
            if !self.senders.may(peer) {
                let why = "messages are not taken from its address".to_string();
                watcher.refused(Refusal { peer, transport: Transport::Udp, why });
                continue;
            }
            if let Some(before) = of.filter(|before| *before != peer) {
                outlet.put(before, Transport::Udp, std::mem::take(&mut row)).await;
            }
            of = Some(peer);
            row.push(self.message(buffer.get(..n).unwrap_or_default()));
        }
        if let Some(peer) = of {
            outlet.put(peer, Transport::Udp, row).await;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(n_read),
        }
    }

    fn message(&self, bytes: &[u8]) -> Message {
        let kept = bytes.get(..self.message_bytes_max).unwrap_or(bytes);
        let fault = (kept.len() < bytes.len()).then_some(Fault::Oversized { length: bytes.len() as u64 });
        Message { bytes: kept.to_vec(), fault }
    }

    fn say_drops(&mut self, watcher: &dyn Watcher) {
        // What the kernel does not tell now, it tells the next time.
        if let Ok(n @ 1..) = self.drops.since() {
            watcher.dropped(n);
        }
    }
}
