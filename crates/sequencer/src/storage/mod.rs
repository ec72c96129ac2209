//! Files behind a trait, so that tests can lose them.
//!
//! Paths are relative to the store's root and written with `/`. Only what each call promises may be relied on after a power cut:
//! a file's bytes after [`Storage::sync`], names in a folder after [`Storage::sync_folder`], a block after
//! [`LogFile::write_flushed`].

mod disk;
pub mod simulated;

use std::io;

pub use disk::Disk;
use stdx::crash_point;

/// The size in bytes of the blocks in which a [`LogFile`] is written.
pub const BLOCK: usize = 4096;

/// A folder of files.
pub trait Storage: Send + Sync {
    /// Returns a file's bytes; `None` if there is no such file.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// Returns the names in a folder, files and folders, ascending; none if there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Creates or replaces a file and the folders above it, without making its bytes or its name durable. The folders are durable.
    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file's bytes durable.
    fn sync(&self, path: &str) -> io::Result<()>;

    /// Gives a file another name, replacing what has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file or an empty folder.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Creates a file of `bytes` zeroes, a multiple of [`BLOCK`], whose bytes are durable and whose space is taken on the disk.
    fn allocate(&self, path: &str, bytes: u64) -> io::Result<()>;

    /// Opens an allocated file for blocks that are durable once written.
    fn open_log(&self, path: &str) -> io::Result<Box<dyn LogFile>>;

    /// Takes a lock that no other process has; it is given back when the guard is dropped or the process dies.
    fn lock(&self, path: &str) -> io::Result<Box<dyn Send>>;
}

/// An allocated file that is written in blocks.
pub trait LogFile: Send {
    /// Returns the file's length in bytes.
    fn len(&self) -> u64;

    /// Returns whether the file has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes whole blocks at a block's beginning and returns when they are durable. After an error it is unknown what is in the
    /// file, and reading it back proves nothing: the bytes may be in memory only.
    fn write_flushed(&mut self, at: u64, blocks: &[u8]) -> io::Result<()>;

    /// Reads the whole file.
    fn read_all(&self) -> io::Result<Vec<u8>>;
}

/// Puts a file in place so that it is there as a whole or not at all, and durable: temporary file, sync, rename, sync of the folder.
pub fn replace(storage: &dyn Storage, path: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{path}.tmp");
    storage.write(&temporary, bytes)?;
    crash_point("replace.written");
    storage.sync(&temporary)?;
    crash_point("replace.synced");
    storage.rename(&temporary, path)?;
    crash_point("replace.renamed");
    storage.sync_folder(folder_of(path))
}

/// Returns the path of the folder that a file is in; empty for one at the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
