//! A folder of the operating system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{BLOCK, LogFile, Storage};

/// Zeroes that are written and flushed at a time when a file is allocated: a flush of another file waits for one of these at most.
const ALLOCATE_BYTES: usize = 4 << 20;

/// A folder of the operating system.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
    is_private: bool,
}

impl Disk {
    /// Opens a folder, creating it if it is missing.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Disk> {
        Disk::open_as(root.into(), false)
    }

    /// Opens a folder for secrets, creating it if it is missing. What is made in it only its owner may read or change, and a file that
    /// others may read or change is not read.
    pub fn open_private(root: impl Into<PathBuf>) -> io::Result<Disk> {
        Disk::open_as(root.into(), true)
    }

    fn open_as(root: PathBuf, is_private: bool) -> io::Result<Disk> {
        let disk = Disk { root, is_private };
        disk.create_folder(&disk.root)?;
        Ok(disk)
    }

    /// Creates a folder and those above it, each durable in the one above.
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        let above = folder.parent().unwrap_or(Path::new(""));
        self.create_folder(above)?;
        let mut builder = fs::DirBuilder::new();
        // The folders above the root are not ours to close.
        #[cfg(unix)]
        if self.is_private && folder.starts_with(&self.root) {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        }
        match builder.create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        sync_folder(above)
    }

    /// Creates a file, or empties the one that is there, and the folders above it.
    fn create_file(&self, path: &Path) -> io::Result<File> {
        if let Some(folder) = path.parent() {
            self.create_folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        if self.is_private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        options.open(path)
    }

    /// Refuses a secret that is not one.
    #[cfg(unix)]
    fn check_owner(&self, file: &File) -> io::Result<()> {
        let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata()?);
        if self.is_private && mode & 0o077 != 0 {
            let why = "others than its owner may read or change the file";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_owner(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

impl Storage for Disk {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.path(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        self.check_owner(&file)?;
        let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or(0));
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // A name that is not text is none of ours.
        let names: Result<Vec<_>, io::Error> = entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect();
        let mut names: Vec<String> = names?.into_iter().flatten().collect();
        names.sort();
        Ok(names)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.create_file(&self.path(path))?.write_all(bytes)
    }

    fn sync(&self, path: &str) -> io::Result<()> {
        // Syncing needs no right to write on Unix, and on Windows it does.
        OpenOptions::new().read(true).write(true).open(self.path(path))?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        sync_folder(&self.path(folder))
    }

    fn allocate(&self, path: &str, bytes: u64) -> io::Result<()> {
        // Space that is merely reserved costs a second write of the file system's journal with each flush.
        let mut file = self.create_file(&self.path(path))?;
        let zeroes = vec![0; ALLOCATE_BYTES];
        let mut left = bytes;
        while left > 0 {
            let n_bytes = usize::try_from(left).unwrap_or(usize::MAX).min(ALLOCATE_BYTES);
            file.write_all(zeroes.get(..n_bytes).unwrap_or(&zeroes))?;
            file.sync_data()?;
            left -= n_bytes as u64;
        }
        file.sync_all()
    }

    fn open_log(&self, path: &str) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(DiskLog::open(&self.path(path))?))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn Send>> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            self.create_folder(folder)?;
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::from(io::ErrorKind::WouldBlock),
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Box::new(file))
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the file system orders its own names.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A file whose blocks go to the disk past the page cache where the file system has that, else by a flush after each write.
struct DiskLog {
    file: File,
    len: u64,
    is_direct: bool,
    /// Memory for one transfer; writing past the page cache wants it to begin at a multiple of the block's size.
    buffer: Mutex<Aligned>,
}

impl DiskLog {
    fn open(path: &Path) -> io::Result<DiskLog> {
        let (file, is_direct) = match open_direct(path) {
            Ok(file) => (file, true),
            Err(_) => (OpenOptions::new().read(true).write(true).open(path)?, false),
        };
        let len = file.metadata()?.len();
        Ok(DiskLog { file, len, is_direct, buffer: Mutex::default() })
    }
}

#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_DIRECT | libc::O_DSYNC).open(path)
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> io::Result<File> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

impl LogFile for DiskLog {
    fn len(&self) -> u64 {
        self.len
    }

    fn write_flushed(&mut self, at: u64, blocks: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        if self.is_direct {
            let buffer = self.buffer.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
            let aligned = buffer.of_len(blocks.len());
            aligned.copy_from_slice(blocks);
            self.file.write_all(aligned)
        } else {
            self.file.write_all(blocks)?;
            self.file.sync_data()
        }
    }

    fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        let mut buffer = self.buffer.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let aligned = buffer.of_len(ALLOCATE_BYTES);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        loop {
            let n_bytes = file.read(aligned)?;
            if n_bytes == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(aligned.get(..n_bytes).unwrap_or(aligned));
        }
    }
}

/// Memory that begins at a multiple of [`BLOCK`].
#[derive(Default)]
struct Aligned(Vec<u8>);

impl Aligned {
    /// Returns `len` bytes with whatever is in them.
    fn of_len(&mut self, len: usize) -> &mut [u8] {
        if self.0.len() < len + BLOCK {
            self.0 = vec![0; len + BLOCK];
        }
        let offset = self.0.as_ptr().align_offset(BLOCK).min(BLOCK);
        self.0.get_mut(offset..offset + len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_with_and_without_the_page_cache() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::open(folder.path().join("a/b")).expect("a store");
        disk.allocate("wal/x", 3 * BLOCK as u64).expect("allocated");
        let path = disk.path("wal/x");
        for is_direct in [true, false] {
            let mut log = DiskLog::open(&path).expect("a log");
            if !is_direct {
                log.file = OpenOptions::new().read(true).write(true).open(&path).expect("a file");
                log.is_direct = false;
            }
            let byte = u8::from(is_direct) + 1;
            log.write_flushed(BLOCK as u64, &[byte; BLOCK]).expect("written");
            let bytes = log.read_all().expect("read");
            assert_eq!(bytes, [vec![0; BLOCK], vec![byte; BLOCK], vec![0; BLOCK]].concat());
        }
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::open_private(folder.path().join("keys")).expect("a store");
        disk.write("a/b", b"secret").expect("written");
        disk.allocate("a/c", BLOCK as u64).expect("allocated");
        for (path, expected) in [("", 0o700), ("a", 0o700), ("a/b", 0o600), ("a/c", 0o600)] {
            let mode = fs::metadata(disk.path(path)).expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, expected, "{path}");
        }
        assert_eq!(disk.read("a/b").expect("read").as_deref(), Some(&b"secret"[..]));
        fs::set_permissions(disk.path("a/b"), fs::Permissions::from_mode(0o640)).expect("changed");
        assert_eq!(disk.read("a/b").err().map(|error| error.kind()), Some(io::ErrorKind::PermissionDenied));
    }

    #[test]
    fn a_lock_is_held_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::open(folder.path()).expect("a store");
        let guard = disk.lock("lock").expect("free");
        assert_eq!(disk.lock("lock").err().map(|e| e.kind()), Some(io::ErrorKind::WouldBlock));
        drop(guard);
        disk.lock("lock").expect("free again");
    }
}
