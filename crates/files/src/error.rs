//! Why files cannot be opened or read. What only spoils single rows is a [`Warning`](crate::Warning) instead.

use std::path::PathBuf;

/// A fault that stops the opening or the reading of files.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The caller named a file that is not there.
    #[error("`{path}` does not exist")]
    NotFound { path: String },
    /// No file fits the caller's pattern.
    #[error("no file matches `{pattern}`")]
    NoMatch { pattern: String },
    /// The caller's pattern is malformed.
    #[error("`{pattern}` is no valid pattern")]
    Pattern { pattern: String, source: glob::PatternError },
    /// The folder holds nothing that can be read as a table.
    #[error("folder `{path}` holds no file of a known format")]
    EmptyFolder { path: String },
    /// The caller's `Name=path` lacks one of its halves or names a table that cannot be written in a query.
    #[error("`{spec}` is no table and path: write `Name=path`, the name of letters, digits and `_`")]
    TableSpec { spec: String },
    /// The file's content is none of the known formats.
    #[error("`{file}` has an unknown format: {found}")]
    UnknownFormat { file: String, found: String },
    /// The archive or one of its members cannot be unpacked.
    #[error("cannot unpack `{file}`: {reason}")]
    Archive { file: String, reason: String },
    /// The file of a table's schema is malformed.
    #[error("cannot use the table schema `{file}`")]
    Schema { file: String, source: schema::tables::TableError },
    /// The operating system refused.
    #[error("cannot read `{file}`")]
    Read { file: String, source: std::io::Error },
    /// The Parquet file is damaged or uses what is not supported.
    #[error("cannot read the Parquet file `{file}`")]
    Parquet { file: String, source: parquet::errors::ParquetError },
    /// Two files of one table cannot be brought together, or a batch could not be built.
    #[error("cannot read `{file}` as table `{table}`")]
    Batch { file: String, table: String, source: arrow::error::ArrowError },
    /// A compressed file could not be unpacked to the temporary folder.
    #[error("cannot unpack `{file}` to the folder `{folder}`", folder = folder.display())]
    Spool { file: String, folder: PathBuf, source: std::io::Error },
}
