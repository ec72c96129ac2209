//! Small files that are replaced as a whole and of which no older copy stays: each version is a generation in a file of its own.
//!
//! ```text
//! contoso/ring.0000000003   zeroes, removed as soon as 4 is durable
//! contoso/ring.0000000004   the present one
//! contoso/ring.tmp          the next, until it is durable
//! ```
//!
//! A crash leaves the old generation, or both, or the new one. When there are several, the highest counts and was durable as a whole
//! before it got its name; it is written once more as the next generation before the others go, because the system's memory
//! may show a name that is not on the disk. A generation that is damaged is never passed over for an older one.
//!
//! Files are overwritten in place before they are removed. On disks that write elsewhere (flash, copy-on-write file systems,
//! snapshots) that leaves copies; what then protects is that each generation is encrypted under a key of its own, see
//! [`ring`](crate::ring).

use std::io;
use std::sync::Arc;

use sequencer::storage::{BLOCK, Storage};

use crate::KeyError;

/// A file in generations. One process at a time may change it.
pub struct Generations {
    storage: Arc<dyn Storage>,
    /// Empty for the storage's root.
    folder: String,
    stem: &'static str,
    /// The highest number that was ever tried; a failed attempt's is not used again.
    highest: u64,
}

/// What was found of a file.
pub struct Found {
    pub generation: u64,
    pub path: String,
    /// The contents, with zeroes behind them up to a whole block.
    pub bytes: Vec<u8>,
    /// Whether something of other generations is there.
    pub has_leftovers: bool,
}

impl Generations {
    pub fn new(storage: Arc<dyn Storage>, folder: &str, stem: &'static str) -> Generations {
        Generations { storage, folder: folder.to_string(), stem, highest: 0 }
    }

    /// Returns the path of a generation.
    pub fn path(&self, generation: u64) -> String {
        self.path_of(&format!("{}.{generation:010}", self.stem))
    }

    fn path_of(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_string() } else { format!("{}/{name}", self.folder) }
    }

    /// Returns the names that are ours and their numbers; none for the temporary file.
    fn names(&self) -> Result<Vec<(String, Option<u64>)>, KeyError> {
        let names = self.storage.list(&self.folder).map_err(KeyError::io(&self.folder))?;
        let number = |name: &str| {
            let rest = name.strip_prefix(self.stem)?.strip_prefix('.')?;
            if rest == "tmp" { Some(None) } else { rest.parse().ok().map(Some) }
        };
        Ok(names.into_iter().filter_map(|name| number(&name).map(|number| (name, number))).collect())
    }

    /// Returns the highest generation; `None` if there is no file.
    pub fn read(&mut self) -> Result<Option<Found>, KeyError> {
        let names = self.names()?;
        let Some(generation) = names.iter().filter_map(|(_, number)| *number).max() else { return Ok(None) };
        self.highest = self.highest.max(generation);
        let path = self.path(generation);
        let Some(bytes) = self.storage.read(&path).map_err(KeyError::io(&path))? else {
            return Err(KeyError::damaged(&path));
        };
        Ok(Some(Found { generation, path, bytes, has_leftovers: names.len() > 1 }))
    }

    /// Returns the number that the next generation has.
    pub fn next(&self) -> u64 {
        self.highest + 1
    }

    /// Makes `bytes` the next generation, durably; older ones are still there. After an error either may be found at a start.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        self.highest += 1;
        let temporary = self.path_of(&format!("{}.tmp", self.stem));
        let path = self.path(self.highest);
        self.wipe_if_there(&temporary).map_err(KeyError::io(&temporary))?;
        let mut blocks = zeroize::Zeroizing::new(vec![0; bytes.len().max(1).next_multiple_of(BLOCK)]);
        if let Some(start) = blocks.get_mut(..bytes.len()) {
            start.copy_from_slice(bytes);
        }
        let write = || {
            self.storage.allocate(&temporary, blocks.len() as u64)?;
            self.storage.open_log(&temporary)?.write_flushed(0, &blocks)?;
            self.storage.rename(&temporary, &path)?;
            self.storage.sync_folder(&self.folder)
        };
        write().map_err(KeyError::io(&path))
    }

    /// Overwrites and removes every generation but the one written last.
    pub fn sweep(&self) -> Result<(), KeyError> {
        let mut has_removed = false;
        for (name, number) in self.names()? {
            if number != Some(self.highest) {
                let path = self.path_of(&name);
                self.wipe(&path).map_err(KeyError::io(&path))?;
                has_removed = true;
            }
        }
        if has_removed {
            self.storage.sync_folder(&self.folder).map_err(KeyError::io(&self.folder))?;
        }
        Ok(())
    }

    fn wipe_if_there(&self, path: &str) -> io::Result<()> {
        let is_there = self.storage.read(path)?.is_some();
        if is_there { self.wipe(path) } else { Ok(()) }
    }

    fn wipe(&self, path: &str) -> io::Result<()> {
        let mut file = self.storage.open_log(path)?;
        let n_bytes = usize::try_from(file.len()).map_err(io::Error::other)?.next_multiple_of(BLOCK);
        file.write_flushed(0, &vec![0; n_bytes])?;
        drop(file);
        self.storage.remove(path)
    }
}
