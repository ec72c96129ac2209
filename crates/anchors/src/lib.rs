//! Ties logs to others, so that their history cannot be changed afterwards without being noticed.
//!
//! ```text
//!                      published checkpoint
//!                               │
//!  Witnesses ── add-checkpoint ─┴─► witness, witness, ... ─► cosignatures ─► checkpoint, witnessed ─► receipts
//! ```
//!
//! A [`tlog::Policy`] names the witnesses, where they are, and how many of them make a quorum. Only what is durable and published is
//! shown to them. A witness that knows more of a log, or another history, stops its signing: whoever is named in the policy is
//! believed that far, so name them with https addresses.

mod claims;
mod client;
mod error;
mod rounds;
mod ticket;
mod transport;
mod witnesses;

pub use claims::{Asked, ask_witnesses};
pub use error::{StartError, WitnessError};
pub use ticket::WitnessTicket;
pub use transport::{Reply, Transport, TransportError};
pub use witnesses::{WitnessOptions, WitnessStatus, Witnesses};
