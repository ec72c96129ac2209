//! A directory, which only its owner may look into.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tlog::Hash;

use super::copy;

/// Backups in a directory.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(path: PathBuf) -> Directory {
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.trim_end_matches('/').to_string()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.0.join(&folder)) {
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

    /// Writes a file durably: it has its name once all of it is there.
    pub fn put(&self, name: &str, reader: &mut dyn Read, hash: &Hash) -> io::Result<bool> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
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
        for folder in folder.ancestors() {
            File::open(folder)?.sync_all()?;
            if folder == self.0 {
                break;
            }
        }
        Ok(true)
    }

    pub fn read(&self, name: &str, writer: &mut dyn Write) -> io::Result<Hash> {
        copy(&mut File::open(self.0.join(name))?, writer)
    }
}
