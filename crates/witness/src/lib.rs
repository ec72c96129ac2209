//! A witness of logs, and HTTP between logs and witnesses.
//!
//! ```text
//! log ─ add-checkpoint ─► server ─► Witness: judge, persist, and only then cosign ─► cosignature
//!                                      └─ logs/<sha256 of the origin>: the last checkpoint, with the cosignature
//! ```
//!
//! A witness follows logs whose keys it is given. It never cosigns two checkpoints of a log that contradict each other, so that a log
//! which shows different people different histories does not get far. It follows C2SP tlog-witness, with Ed25519 keys; the call
//! `sign-subtree`, which is optional, is not there. Checkpoints with extension lines are refused: the logs here write none.
//!
//! [`HttpTransport`] is the other side: how a log reaches witnesses and timestamp authorities.

mod error;
mod http_transport;
mod key;
mod server;
mod witness;

pub use error::{AddError, KeyError, OpenError};
pub use http_transport::HttpTransport;
pub use key::{create_key, read_key};
pub use server::{REQUEST_BYTES_MAX, router};
pub use witness::Witness;
