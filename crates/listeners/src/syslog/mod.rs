//! Syslog over UDP, TCP and TLS: whose messages are taken, where each ends, and how many wait; not what they say.
//!
//! ```text
//! UDP ─ Senders ────────────────────────────┐
//! TCP ─ Senders ─ a place ───────── Framing ├─ room ─► Inlet
//! TLS ─ a place ─ client's certificate ─ Framing ┘
//! ```
//!
//! Syslog knows no tokens: a sender is known by its address or by its certificate, and whoever is not is told to the [`Watcher`].
//! A connection is not read while those who take the messages have no room for more, so that its sender has to wait. Datagrams
//! cannot wait: those that the kernel throws away meanwhile are counted, and told to the watcher too.

mod drops;
mod error;
mod framing;
mod queue;
mod senders;
mod stream;
mod tls;
mod udp;
mod watcher;

pub use error::SyslogError;
pub use framing::{Fault, Framing, Message};
pub use queue::{Held, Inlet, Outlet, Received, queue};
pub use senders::Senders;
pub use stream::{StreamLimits, StreamListener};
pub use tls::SyslogTls;
pub use udp::UdpListener;
pub use watcher::{Refusal, Transport, Watcher};
