//! The sealed log: formats and Merkle arithmetic, without input or output.
//!
//! ```text
//! cells ─ record ─► leaf hash ─ tree ─► batch root ─ entry ─► entry of the log ─ tree, tile ─► checkpoint ─ note ─► signed
//!                                                                                                                    │
//!                    bundle: rows with their salts, paths, entries, checkpoint, cosignatures ◄───────────────────────┘
//! ```
//!
//! Two trees of RFC 6962 stand on each other. The records of one table that are sealed together are the leaves of a batch's
//! tree; its root goes with some 300 bytes, none of them about a person, into an entry; entries are the leaves of the
//! workspace's log, which is served as C2SP tlog-tiles and signed as C2SP checkpoints. A [`bundle`] is what an auditor
//! takes away: it is verified with the keys that the auditor trusts and nothing else.
//!
//! This crate has no clock, no files and no randomness: seeds, keys and times come as arguments.

mod block;
pub mod bundle;
mod checkpoint;
pub mod entry;
mod error;
mod hash;
pub mod note;
mod policy;
mod proof;
mod receipt;
pub mod record;
mod text;
pub mod tile;
mod time;
pub mod tree;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use error::{ProofError, TextError};
pub use hash::Hash;
pub use policy::{Policy, PolicyError, Sighting, WitnessState, WitnessView};
pub use proof::LogProof;
pub use receipt::Receipt;
pub use time::{seconds_text, ticks_text};
