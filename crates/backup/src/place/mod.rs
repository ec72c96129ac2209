//! Where backups are: a directory, or a bucket of an object store.

mod directory;
mod objects;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};

use sha2::{Digest, Sha256};
use tlog::Hash;

use crate::error::BackupError;
use directory::Directory;
use objects::Objects;

/// Bytes that are copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// A place for backups.
pub struct Place(Kind);

enum Kind {
    Directory(Directory),
    Objects(Objects),
}

impl Place {
    /// Names a place: a path, `file:///...`, or the URL of an object store such as `s3://bucket/folder` or `az://container/folder`, whose
    /// credentials come from the environment as its own tools want them.
    ///
    /// # Errors
    /// When it is none, or its credentials are missing.
    pub fn parse(text: &str) -> Result<Place, BackupError> {
        let wrong = |why: String| BackupError::Place { text: text.to_string(), why };
        let url = url::Url::parse(text).ok().filter(|url| text.contains("://") && !url.scheme().is_empty());
        Ok(Place(match url {
            Some(url) if url.scheme() == "file" => {
                let path = url.to_file_path().map_err(|()| wrong("it is no path".to_string()))?;
                Kind::Directory(Directory::new(path))
            }
            Some(url) => Kind::Objects(Objects::open(&url).map_err(|error| wrong(error.to_string()))?),
            None => Kind::Directory(Directory::new(text.into())),
        }))
    }

    /// Takes an object store that is open, for those who have their own.
    ///
    /// # Errors
    /// When no threads can be started to speak with it.
    pub fn of_store(store: std::sync::Arc<dyn object_store::ObjectStore>, name: &str) -> Result<Place, BackupError> {
        let wrong = |why: std::io::Error| BackupError::Place { text: name.to_string(), why: why.to_string() };
        Ok(Place(Kind::Objects(Objects::of(store, name, "").map_err(wrong)?)))
    }

    /// Returns the names that begin with a folder, which ends with `/`, and their lengths.
    pub(crate) fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, BackupError> {
        match &self.0 {
            Kind::Directory(directory) => directory.list(folder).map_err(|error| self.error(folder, error)),
            Kind::Objects(objects) => objects.list(folder).map_err(|error| self.error(folder, error)),
        }
    }

    /// Puts what a reader gives under a name, as a whole or not at all, if it has the hash. Returns whether it had.
    pub(crate) fn put(&self, name: &str, reader: &mut dyn Read, hash: &Hash) -> Result<bool, BackupError> {
        match &self.0 {
            Kind::Directory(directory) => directory.put(name, reader, hash).map_err(|error| self.error(name, error)),
            Kind::Objects(objects) => objects.put(name, reader, hash).map_err(|error| self.error(name, error)),
        }
    }

    /// Makes durable what was put.
    pub(crate) fn sync(&self) -> Result<(), BackupError> {
        match &self.0 {
            Kind::Directory(directory) => directory.sync().map_err(|error| self.error("", error)),
            // An object is durable once the store has answered.
            Kind::Objects(_) => Ok(()),
        }
    }

    /// Copies what is under a name to a writer; returns its hash.
    pub(crate) fn read(&self, name: &str, writer: &mut dyn Write) -> Result<Hash, BackupError> {
        match &self.0 {
            Kind::Directory(directory) => directory.read(name, writer).map_err(|error| self.error(name, error)),
            Kind::Objects(objects) => objects.read(name, writer).map_err(|error| self.error(name, error)),
        }
    }

    pub(crate) fn read_all(&self, name: &str) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        self.read(name, &mut bytes)?;
        Ok(bytes)
    }

    fn error(&self, name: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BackupError {
        BackupError::Object { place: self.to_string(), name: name.to_string(), source: source.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Directory(directory) => write!(f, "`{}`", directory.path().display()),
            Kind::Objects(objects) => write!(f, "`{}`", objects.name()),
        }
    }
}

/// Copies everything and returns its hash.
pub(crate) fn copy(reader: &mut dyn Read, writer: &mut dyn Write) -> std::io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let n_bytes = match reader.read(&mut buffer) {
            Ok(0) => return Ok(Hash(hasher.finalize().into())),
            Ok(n_bytes) => n_bytes,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = buffer.get(..n_bytes).unwrap_or_default();
        hasher.update(part);
        writer.write_all(part)?;
    }
}
