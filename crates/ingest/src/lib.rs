//! The only writer: records come in as JSON, are brought to their table's columns, sealed, numbered, and kept.
//!
//! ```text
//! body ─ files::RecordShape ─► rows ─ seal ─► batch ─ sequencer ─► receipt ─► hot tail ─ flush ─► extent ─► Extent entry in the log
//!           └► rejected ─► a batch of the table VidimusQuarantine
//! ```
//!
//! A record is acknowledged when it is durable, covered by a signed checkpoint, and visible to queries.

mod acts;
mod at_rest;
mod cells;
mod compact;
mod erase;
mod error;
mod expire;
mod file;
mod flush;
mod forget;
mod keep;
mod names;
mod open;
mod prove;
mod quarantine;
mod reborn;
mod rewrite;
mod rotate;
mod seal;
mod seeds;
mod statements;
mod table;
mod taken;
mod vault;
mod workspace;

pub use acts::document_path;
pub use at_rest::{AtRest, Encryption};
pub use cells::ColumnCells;
pub use erase::{Erased, Selection};
pub use error::{ActError, IngestError, VaultError};
pub use expire::Destroyed;
pub use names::{ChangeError, NamedTable};
pub use open::seeds_path;
pub use prove::{BUNDLE_RECORDS_MAX, ProveError, Wanted};
pub use quarantine::QUARANTINE_TABLE;
pub use reborn::{Remains, next_origin, split_origin};
pub use rotate::Rotation;
pub use seal::{SealError, batch_tree, from_payload};
pub use seeds::{LeafMaterial, SeedsError, parse_seeds};
pub use statements::{Statement, statement_path};
pub use table::{Table, TableStatus};
pub use taken::{Answer, Pending, Taken};
pub use vault::{FlushFailure, OwnTable, Vault, VaultOptions};
pub use workspace::Workspace;
