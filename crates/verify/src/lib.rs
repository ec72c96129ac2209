//! Verifies a store from its files: what is signed, what was sealed, what is stored, and whether each is the other.
//!
//! ```text
//! checkpoint ─ signature ─► root ─► entries, tiles ─► catalog ─► schemas, files, seeds ─► records
//!     ▲                                  ▲                                                   ▲
//! sequencer/signed                write-ahead log ───────────────────────────────────────────┘
//! ```
//!
//! Nothing is written and nothing is repaired. Everything that is wrong becomes a [`Finding`] with its file and bytes; what cannot be
//! verified, because nothing says what it should be, becomes an [`Unchecked`] with its reason, and is never passed over in silence.

mod access;
mod acts;
mod checkpoint;
mod extents;
mod group;
mod keys;
mod later;
mod log;
mod options;
mod pool;
mod records;
mod report;
mod run;
mod schemas;
mod stamps;
mod statements;
mod store;
mod tiles;
mod wal;

pub use options::{Depth, Options};
pub use report::{Counts, Finding, LogReport, Report, Unchecked};
pub use run::Progress;
pub use store::{VerifyError, verify_store};
