//! How long records live, and on whose word they end or are out of sight: retention, legal hold, erasure, purge, changes of names.
//!
//! Each act is an entry of the log that holds the hash of a document; this crate is the documents, and what follows from them. Nothing
//! here touches a record.
//!
//! ```text
//! act in the log ─ hash ─► document ─► Rules ─► until when a table's records are kept, which holds keep them longer
//! ```

mod document;
mod error;
mod hold;
mod retention;
mod rules;

pub use document::{Document, Erasure, HoldLift, Purge, has_document};
pub use error::LifecycleError;
pub use hold::Hold;
pub use retention::{REVERSAL_DAYS, Retention};
pub use rules::{Policy, Rules};

/// Ticks of a day.
pub const DAY: i64 = 864_000_000_000;
