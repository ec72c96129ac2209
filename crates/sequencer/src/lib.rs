//! Numbers batches, signs checkpoints and makes both durable: the write-ahead log, the logs' tiles, and the only signer.
//!
//! ```text
//! sealed batches of all workspaces ─► one group ─► entries, roots, signatures ─► ONE flushed frame ─► receipts
//!                                                                                       │
//!                                   checkpoint ◄─ what was signed ◄─ tiles, entries ◄───┘ (any time later)
//! ```
//!
//! What holds, whatever fails:
//!
//! - A receipt means that the batch, its entry and a signed checkpoint over it are in a frame that was flushed (I1).
//! - No two checkpoints that anybody sees contradict each other (I2). When that is in doubt, nothing is signed: after a flush that
//!   failed, when somebody knows a newer or another checkpoint, when the clock goes back.
//! - Tiles follow from entries, and entries from the write-ahead log, until the tiles are durable (I3).
//!
//! [`Sequencer`] is what a node uses; [`Core`] and [`Publisher`] are the same without threads. Time, files and keys come in by
//! traits; [`storage::simulated`] is a disk that fails on demand. Records are hashed before they come here, and their columns and
//! whatever the leaves were made with are opaque bytes, which the caller may have encrypted.

mod adopt;
mod codec;
mod core;
mod error;
mod group;
mod key;
mod publications;
mod publish;
mod recover;
mod request;
mod scan;
mod sequencer;
mod signed;
mod stage;
mod state;
pub mod storage;
mod ticket;
mod wal;
mod window;

pub use adopt::{Adopted, adopt};
pub use core::{Core, Options};
pub use error::{AdoptError, OpenError, PublishError, Stop, SubmitError};
pub use key::{KeyFolder, Keys, Signer, is_workspace_name, key_of_file};
pub use publications::{Cosigned, News, Publications};
pub use publish::{Commit, CommittedLog, Publisher, Tiles, checkpoint_path, log_folder, read_entries, witnessed_path};
pub use recover::Claim;
pub use request::{Level, Receipt, Request, RequestId, SealedBatch, StoredBatch};
pub use scan::{WalEntry, WalFinding, WalLog, WalPlace, WalScan, scan};
pub use sequencer::{LogStatus, Sequencer, SequencerOptions, Status};
pub use signed::{PATH as SIGNED_PATH, Signed};
pub use ticket::Ticket;
pub use wal::WalOptions;
