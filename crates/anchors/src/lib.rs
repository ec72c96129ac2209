//! Ties logs to others, so that their history cannot be changed afterwards without being noticed.
//!
//! ```text
//!                      published checkpoint
//!                               │
//!  Witnesses ── add-checkpoint ─┴─► witness, witness, ... ─► cosignatures ─► checkpoint, witnessed ─► receipts
//!                               │
//!  Timestamps ───── RFC 3161 ───┴─► authority ─► tsr/<size>.tsr
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
mod timestamps;
mod transport;
pub mod tsa;
mod witnesses;

pub use claims::{Asked, ask_witnesses};
pub use error::{StampError, StartError, WitnessError};
pub use ticket::WitnessTicket;
pub use timestamps::{TimestampOptions, TimestampStatus, Timestamps, stamp, stamped_checkpoint_path, timestamp_path};
pub use transport::{Reply, Transport, TransportError};
pub use witnesses::{WitnessOptions, WitnessStatus, Witnesses};
