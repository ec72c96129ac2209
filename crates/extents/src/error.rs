//! What can be wrong with an extent.

use std::io;
use std::path::PathBuf;

use tlog::Hash;

/// An extent cannot be written or read. A file that is not what the log says is never read.
#[derive(Debug, thiserror::Error)]
pub enum ExtentError {
    #[error("cannot read or write `{path}`")]
    Io { path: PathBuf, source: io::Error },
    #[error("`{path}` is no Parquet file that can be read")]
    Parquet { path: PathBuf, source: parquet::errors::ParquetError },
    #[error("`{path}` has {found} bytes, and the log says {expected}")]
    Length { path: PathBuf, expected: u64, found: u64 },
    /// The bytes are not those that were sealed.
    #[error("`{path}`: bytes {first} to {end} ({what}) have the hash {found}, and the log says {expected}")]
    Changed { path: PathBuf, what: Box<str>, first: u64, end: u64, expected: Hash, found: Hash },
    #[error("`{path}` cannot be sealed or opened")]
    Sealed { path: PathBuf, source: keys::KeyError },
    /// The file is what was sealed and yet not what it should be; a fault of ours.
    #[error("`{path}`: {why}")]
    Content { path: PathBuf, why: String },
}

impl ExtentError {
    /// Returns a function that says which file an error is about.
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> ExtentError + use<> {
        let path = path.to_path_buf();
        move |source| ExtentError::Io { path, source }
    }

    /// Returns a function that says which file an error is about.
    pub(crate) fn parquet(path: &std::path::Path) -> impl Fn(parquet::errors::ParquetError) -> ExtentError + use<> {
        let path = path.to_path_buf();
        move |source| ExtentError::Parquet { path: path.clone(), source }
    }
}
