//! A folder of keys in memory: for those who only read, while another process may have the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sequencer::is_workspace_name;
use sequencer::storage::{BLOCK, LogFile, Storage};
use zeroize::Zeroizing;

/// Bytes of files by their paths.
type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// A copy of a folder of keys. What is written to it changes the copy only, and is durable as long as the process lives.
#[derive(Clone, Default)]
pub struct MemoryCopy {
    files: Arc<Mutex<Files>>,
}

impl MemoryCopy {
    /// Copies the files of a folder and of the workspaces in it.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(storage: &dyn Storage) -> io::Result<MemoryCopy> {
        let copy = MemoryCopy::default();
        for name in storage.list("")? {
            let paths: Vec<String> = match is_workspace_name(&name) {
                true => storage.list(&name)?.into_iter().map(|file| format!("{name}/{file}")).collect(),
                false => vec![name],
            };
            for path in paths.into_iter().filter(|path| !path.ends_with(".lock")) {
                if let Some(bytes) = storage.read(&path)? {
                    copy.files().insert(path, Zeroizing::new(bytes));
                }
            }
        }
        Ok(copy)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for MemoryCopy {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files().get(path).map(|bytes| bytes.to_vec()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.files();
        let names = files.keys().filter_map(|path| path.strip_prefix(&prefix)?.split('/').next());
        Ok(names.map(str::to_string).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.files().insert(path.to_string(), Zeroizing::new(bytes.to_vec()));
        Ok(())
    }

    fn sync(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files();
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_string(), bytes);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.files().remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn allocate(&self, path: &str, bytes: u64) -> io::Result<()> {
        let len = usize::try_from(bytes).map_err(io::Error::other)?;
        self.write(path, &vec![0; len])
    }

    fn open_log(&self, path: &str) -> io::Result<Box<dyn LogFile>> {
        if !self.files().contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(MemoryFile { copy: self.clone(), path: path.to_string() }))
    }

    fn lock(&self, _: &str) -> io::Result<Box<dyn Send>> {
        // Nobody else has the copy.
        Ok(Box::new(()))
    }
}

struct MemoryFile {
    copy: MemoryCopy,
    path: String,
}

impl LogFile for MemoryFile {
    fn len(&self) -> u64 {
        self.copy.files().get(&self.path).map_or(0, |bytes| bytes.len() as u64)
    }

    fn write_flushed(&mut self, at: u64, blocks: &[u8]) -> io::Result<()> {
        let mut files = self.copy.files();
        let file = files.get_mut(&self.path).ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(at).map_err(io::Error::other)?;
        // A file that was copied need not be whole blocks.
        let end = at.saturating_add(blocks.len()).next_multiple_of(BLOCK);
        if file.len() < end {
            let mut longer = Zeroizing::new(vec![0; end]);
            longer.iter_mut().zip(file.iter()).for_each(|(to, from)| *to = *from);
            *file = longer;
        }
        let place = file.get_mut(at..at.saturating_add(blocks.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(blocks);
        Ok(())
    }

    fn read_all(&self) -> io::Result<Vec<u8>> {
        self.copy.read(&self.path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
