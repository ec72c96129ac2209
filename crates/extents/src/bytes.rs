//! The bytes of a file at places, without a cursor; those of a sealed one are authenticated and opened before anybody sees them.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use keys::{Purpose, SealedStream, Sealer};
use parquet::errors::Result as ParquetResult;
use parquet::file::reader::{ChunkReader, Length};
use sha2::{Digest, Sha256};
use tlog::Hash;

use crate::error::ExtentError;

/// Bytes that are hashed at a time: they are still in the processor's cache when they were read.
const HASHED_BYTES: u64 = 256 << 10;

/// A file that is open for reading.
pub struct StoredBytes {
    file: File,
    /// Bytes of what is in it.
    len: u64,
    sealed: Option<SealedStream>,
}

impl std::fmt::Debug for StoredBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredBytes").field("len", &self.len).field("is_sealed", &self.sealed.is_some()).finish()
    }
}

impl StoredBytes {
    /// Opens the file at `path` in the folder `root`. With a sealer it is a file that was sealed under the name `path`.
    ///
    /// # Errors
    /// When the file cannot be read, or is not sealed as it should be.
    pub fn open(root: &Path, path: &str, sealer: Option<&Sealer>) -> Result<StoredBytes, ExtentError> {
        let absolute = root.join(path);
        let file = File::open(&absolute).map_err(ExtentError::io(&absolute))?;
        let len = file.metadata().map_err(ExtentError::io(&absolute))?.len();
        let Some(sealer) = sealer else { return Ok(StoredBytes { file, len, sealed: None }) };
        let opened = sealer.open_stream(Purpose::Extents, path, len, |range| read_at(&file, range));
        let sealed = opened.map_err(|source| ExtentError::Sealed { path: absolute, source })?;
        Ok(StoredBytes { file, len: sealed.len(), sealed: Some(sealed) })
    }

    /// Returns how many bytes are in it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// When they cannot be read, or are not what was sealed.
    pub fn get(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_into(range, &mut bytes)?;
        Ok(bytes)
    }

    /// Returns the SHA-256 of bytes. `progress` is told of how many each time that some were read.
    ///
    /// # Errors
    /// As [`StoredBytes::get`].
    pub fn hash(&self, range: Range<u64>, mut progress: impl FnMut(u64)) -> io::Result<Hash> {
        let (mut hasher, mut bytes, mut at) = (Sha256::new(), Vec::new(), range.start);
        while at < range.end {
            let end = range.end.min(at + HASHED_BYTES);
            self.read_into(at..end, &mut bytes)?;
            hasher.update(&bytes);
            progress(end - at);
            at = end;
        }
        Ok(Hash(hasher.finalize().into()))
    }

    /// Reads bytes in the place of those in a buffer, whose memory is used again; after an error it may hold anything.
    fn read_into(&self, range: Range<u64>, bytes: &mut Vec<u8>) -> io::Result<()> {
        if range.start > range.end || range.end > self.len {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the range lies outside the file"));
        }
        match &self.sealed {
            None => {
                bytes.resize(usize::try_from(range.end - range.start).map_err(io::Error::other)?, 0);
                read_exact_at(&self.file, bytes, range.start)
            }
            Some(sealed) => {
                *bytes = sealed.read(range, |range| read_at(&self.file, range)).map_err(io::Error::other)?;
                Ok(())
            }
        }
    }
}

/// Bytes of a file that are flushed at a time while it is written: whoever flushes another file of the same disk, as each acknowledgement
/// does, waits for one of these at most, and not for the whole.
const FLUSHED_BYTES: usize = 4 << 20;

/// A file that is flushed piece by piece.
pub(crate) struct FlushedFile {
    file: File,
    /// Bytes since the last flush.
    n_bytes: usize,
}

impl io::Write for FlushedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = bytes.len().min(FLUSHED_BYTES - self.n_bytes);
        let n_written = self.file.write(bytes.get(..n_bytes).unwrap_or(bytes))?;
        self.n_bytes += n_written;
        if self.n_bytes >= FLUSHED_BYTES {
            self.file.sync_data()?;
            self.n_bytes = 0;
        }
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where a file that is being written goes.
pub(crate) enum Sink {
    Plain(FlushedFile),
    Sealed(Box<keys::StreamSealer<FlushedFile>>),
}

impl Sink {
    /// Makes a file. With a sealer it is sealed under a name.
    pub fn create(path: &Path, seal: Option<(&Sealer, &str)>) -> Result<Sink, ExtentError> {
        let file = File::options().write(true).create_new(true).open(path).map_err(ExtentError::io(path))?;
        let file = FlushedFile { file, n_bytes: 0 };
        let Some((sealer, object)) = seal else { return Ok(Sink::Plain(file)) };
        let failed = |source| ExtentError::Sealed { path: PathBuf::from(path), source };
        let stream = sealer.seal_stream(Purpose::Extents, object, keys::stream::CHUNK_BYTES, file).map_err(failed)?;
        Ok(Sink::Sealed(Box::new(stream)))
    }

    /// Writes what is left, and makes the file durable.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Sink::Plain(flushed) => flushed.file.sync_all(),
            Sink::Sealed(stream) => stream.finish()?.file.sync_all(),
        }
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(file) => file.write(bytes),
            Sink::Sealed(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(file) => file.flush(),
            Sink::Sealed(stream) => stream.flush(),
        }
    }
}

fn read_at(file: &File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let len = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut bytes = vec![0; len];
    read_exact_at(file, &mut bytes, range.start)?;
    Ok(bytes)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = bytes.get_mut(n..).unwrap_or(&mut []);
        at += n as u64;
    }
    Ok(())
}

impl Length for StoredBytes {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for StoredBytes {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(io::Cursor::new(Bytes::from(self.get(start..self.len)?)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        Ok(Bytes::from(self.get(start..start.saturating_add(length as u64))?))
    }
}
