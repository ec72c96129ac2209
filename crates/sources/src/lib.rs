//! Logs in their native formats: bytes in, records in the columns of their tables out.
//!
//! ```text
//! file name, first bytes ─ detect ─► Source ─ parser ─► Parser
//! bytes, a chunk at a time ─ Parser::push ─► Output: records by table (JSON lines), rejects (reason and bytes), counts
//! ```
//!
//! One file a format in `formats/`, each an entry with its name, how it is recognised, its tables and its parser. A record lands in
//! the table, columns and values that Microsoft's own pipeline would give it, so that queries written for that run as they are. What
//! has no column keeps its name and lands in the table's bag.
//!
//! Nothing is dropped uncounted: what was read is what was taken and what was rejected ([`Counts`]). Whatever the bytes are, and
//! however they are cut into chunks, the same records come out. Memory is bounded by the chunk, [`ITEM_BYTES_MAX`] and
//! [`ITEM_RECORDS_BYTES_MAX`].
//!
//! No input or output, no clock: the time that a text without a year needs is given ([`Context`]).

mod arm;
mod cef;
mod columns;
mod detect;
mod fit;
mod formats;
mod frame;
mod log_analytics;
mod object;
pub mod office;
mod output;
mod row;
mod source;
mod syslog;
mod time;
mod windows;

pub use detect::{Sniff, detect, find};
pub use formats::ALL;
pub use frame::ITEM_BYTES_MAX;
pub use output::{COLUMNS_MAX, Counts, ITEM_RECORDS_BYTES_MAX, Output, Reason, Reject, TableBatch};
pub use source::{Context, Parser, Shape, Source};
pub use syslog::{Arrival, message as syslog_message};
