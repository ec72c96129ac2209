//! Ties logs to others, so that their history cannot be changed afterwards.

mod transport;

pub use transport::{Reply, Transport, TransportError};
