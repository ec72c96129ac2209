//! Who is told what a listener does beside taking messages.

use std::net::IpAddr;
use tokio::sync::watch;

/// How messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// Returns its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }
}

/// A datagram or a connection that is not taken for who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub peer: IpAddr,
    pub transport: Transport,
    pub why: String,
}

/// Whoever writes down what happens. It is called between messages: it must not wait.
pub trait Watcher: Send + Sync {
    /// Somebody is refused.
    fn refused(&self, refusal: Refusal);

    /// Datagrams were thrown away by the kernel, because there was no room for them; `n` since it was said last.
    fn dropped(&self, n: u64);
}

/// Waits until it is said that nothing more is to be accepted.
pub(super) async fn is_stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so and is gone has said it.
    let _ = stop.wait_for(|stop| *stop).await;
}
