//! The column store: sealed records as immutable Parquet files, each of them bound to the workspace's log.
//!
//! ```text
//! records of sealed batches ─ sort by time ─► writer ─► one Parquet file ─► Extent entry in the log (hashes of file, footer, row groups)
//!                                                                                   │
//! reader ◄── footer and row groups are hashed when they are first read ◄── catalog ◄┘ (what is live follows from the log alone)
//! ```
//!
//! There is no manifest beside the log: which files are live, and what they must hold, is read out of its entries, so that a
//! hidden, older or changed file is found when it is opened. Files are ordinary Parquet for everybody else; in an encrypted store they are
//! sealed behind what hashes them, and opened in front of it.

mod bytes;
mod cache;
mod catalog;
mod columns;
mod decode;
mod error;
mod hot;
mod reader;
mod seal_times;
mod snapshot;
mod table_schema;
mod times;
mod writer;

pub use bytes::StoredBytes;
pub use cache::{ColumnCache, Found, Pieces, Want};
pub use catalog::{BatchRef, Catalog, CatalogError, LiveExtent, TableCatalog, covers, join};
pub use columns::{BATCH_COLUMN, POSITION_COLUMN, file_schema, from_file, to_file};
pub use decode::{Bounds, PIECE_ROWS};
pub use error::ExtentError;
pub use hot::{HotBatch, HotTail, compact, join_chunks, row_schema, with_columns};
pub use reader::ExtentFile;
pub use seal_times::SealTimes;
pub use snapshot::Snapshot;
pub use table_schema::{BAG_COLUMN, StoredSchema, StoredSchemaError, TIME_COLUMN};
pub use writer::{ExtentWriter, ROW_GROUP_ROWS, WriterOptions, Written};
