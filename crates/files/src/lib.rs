//! Files as tables: paths in, record batches in KQL's physical types out.
//!
//! ```text
//! paths, folders, patterns ─► sources (one per file or archive member) ─► packing, encoding, format by first bytes
//!     ─► columns (built-in schema of the table's name, header, footer, or a look through the rows) ─► Table
//! Table ─► partitions ─► Reader ─► RecordBatch, RecordBatch, ...        beside it: Progress, Warnings
//! ```
//!
//! - A file names its table: `SigninLogs.json.gz` is `SigninLogs`. A known name brings the table's built-in schema; the
//!   file's other fields are appended with inferred types. See [`Input`] for other names.
//! - Formats: JSON (lines, arrays, single objects, the wrappers of CloudTrail, Azure and Graph exports), delimited text
//!   with a header, Parquet, and any other text as the one column `RawData`. Packed with gzip, zstd or zip, or plain.
//! - What single rows and values have wrong is counted and named ([`Warnings`]); it stops nothing.
//! - Memory is bounded by the batch and the longest row, whatever the size of the files; a packed Parquet file and what
//!   comes from a pipe are first copied to the temporary folder.

mod cell;
pub mod csv;
mod declared;
mod detect;
mod error;
mod infer;
mod input;
mod json;
mod name;
mod nested;
mod normalise;
mod progress;
mod raw;
mod read;
mod records;
mod row_builder;
mod source;
mod survey;
mod table;
mod text;
mod warnings;

pub use declared::{Declared, Layout, open_declared};
pub use error::FilesError;
pub(crate) use infer::Seen;
pub use input::Input;
pub use normalise::{Normalised, natural_type, normalise};
pub use progress::Progress;
pub use raw::{RawFile, raw_files};
pub use read::Reader;
pub use records::{RecordShape, Records, Rejected, Rejection};
pub use row_builder::RowBuilder;
pub use table::{Options, ParquetFile, Partition, RawLines, Table, open, table_schemas};
pub use warnings::{Reason, Warning, WarningCount, WarningReport, Warnings};
