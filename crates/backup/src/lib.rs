//! Backups of a store, made while a server writes to it, and stores made out of them.
//!
//! ```text
//! store ─ capture: published checkpoints, what they cover ─► blobs by their SHA-256 ─► manifest, last      (a directory, S3, Azure)
//!                                                                                        │
//! store in another life ◄─ adopt, state the loss, verify ◄─ witnessed checkpoints ◄──────┘
//! ```
//!
//! What is there already is not copied again. A backup is there once its manifest is, whose name holds its hash; until then the
//! one before is the newest. Keys that sign are never in a backup: a store out of a backup signs for logs of its own ([`ingest::Remains`]).

mod capture;
mod error;
mod manifest;
mod place;
mod refusal;
mod restore;
mod run;

pub use error::BackupError;
pub use manifest::{BackupInfo, list};
pub use place::Place;
pub use refusal::Refusal;
pub use restore::{RestoreOptions, Restored, RestoredWorkspace, restore};
pub use run::{BackupOptions, Summary, back_up};
