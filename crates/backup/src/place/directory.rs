//! A directory, which only its owner may look into.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tlog::Hash;

use super::copy;

/// Backups in a directory.
pub struct Directory {
    path: PathBuf,
    /// Folders whose names are not durable yet.
    dirty: Mutex<BTreeSet<PathBuf>>,
}

impl Directory {
    pub fn new(path: PathBuf) -> Directory {
        Directory { path, dirty: Mutex::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn dirty(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the names of all files durable that were put here.
    pub fn sync(&self) -> io::Result<()> {
        let folders: Vec<PathBuf> = self.dirty().iter().cloned().collect();
        for folder in &folders {
            File::open(folder)?.sync_all()?;
        }
        self.dirty().clear();
        Ok(())
    }

    pub fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.trim_end_matches('/').to_string()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.path.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let (path, metadata) = (format!("{folder}/{name}"), entry.metadata()?);
                if metadata.is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path, metadata.len());
                }
            }
        }
        Ok(found)
    }

    /// Writes a file: it has its name once all of it is there and durable. The name is so after [`Directory::sync`].
    pub fn put(&self, name: &str, reader: &mut dyn Read, hash: &Hash) -> io::Result<bool> {
        let path = self.path.join(name);
        let folder = path.parent().unwrap_or(&self.path);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
        let temporary = path.with_extension("tmp");
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        let copied =
            copy(reader, &mut file).and_then(|found| file.flush().and_then(|()| file.sync_all()).map(|()| found));
        drop(file);
        if copied.as_ref().ok() != Some(hash) {
            fs::remove_file(&temporary)?;
            return copied.map(|_| false);
        }
        fs::rename(&temporary, &path)?;
        let mut dirty = self.dirty();
        for folder in folder.ancestors() {
            dirty.insert(folder.to_path_buf());
            if folder == self.path {
                break;
            }
        }
        Ok(true)
    }

    pub fn read(&self, name: &str, writer: &mut dyn Write) -> io::Result<Hash> {
        copy(&mut File::open(self.path.join(name))?, writer)
    }
}
