//! What a store has at one moment, as far as it is published; another process may write to it meanwhile.
//!
//! ```text
//! write-ahead log: what is acknowledged ─► wait until that is published ─► checkpoint, entries ─► catalog ─► files
//!                                                          write-ahead log again ─► batches that no file has
//! ```
//!
//! Files that are replaced and batches that are written to files while we look are missed; then all of it is looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use extents::Catalog;
use sequencer::storage::{Disk, Storage};
use sequencer::{checkpoint_path, log_folder, read_entries, scan};
use tlog::note::SignedNote;
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::tree::TreeBuilder;
use tlog::{Checkpoint, Hash};

use crate::error::BackupError;

/// How long to wait for what is acknowledged to be published.
const PUBLISH_WAIT: Duration = Duration::from_secs(60);
const PUBLISH_LOOK: Duration = Duration::from_millis(20);
/// How often the write-ahead log is read before what is wrong with it is believed: somebody may be writing it.
const SCANS: u32 = 10;
const SCAN_WAIT: Duration = Duration::from_millis(100);

/// A workspace's log up to its published checkpoint.
pub struct CapturedLog {
    pub workspace: String,
    pub note: SignedNote,
    pub size: u64,
    pub catalog: Catalog,
}

/// A folder with a store in it.
pub struct Source {
    pub root: PathBuf,
    pub storage: Disk,
    pub origin: String,
}

impl Source {
    pub fn open(root: &Path) -> Result<Source, BackupError> {
        let no_store = || BackupError::NoStore { path: root.to_path_buf() };
        if !root.join("origin").is_file() {
            return Err(no_store());
        }
        let storage = Disk::open(root).map_err(BackupError::io(root))?;
        let origin = storage.read("origin").map_err(BackupError::io(root))?.ok_or_else(no_store)?;
        let origin = String::from_utf8_lossy(&origin).trim().to_string();
        Ok(Source { root: root.to_path_buf(), storage, origin })
    }

    /// Returns the size of each log with all that was acknowledged.
    pub fn acknowledged(&self) -> Result<BTreeMap<String, u64>, BackupError> {
        let mut tries = 1;
        loop {
            let found = scan(&self.storage, None, |_, _| ())?;
            match found.findings.first() {
                None => return Ok(found.logs.into_iter().map(|(workspace, log)| (workspace, log.size)).collect()),
                // A file that was just given up, or is about to be used.
                Some(_) if tries < SCANS => std::thread::sleep(SCAN_WAIT),
                Some(finding) => {
                    let (path, what) = (self.root.join(&finding.path), finding.what.clone());
                    return Err(BackupError::DamagedWal { path, what });
                }
            }
            tries += 1;
        }
    }

    /// Waits until the logs are published up to these sizes.
    pub fn wait(&self, sizes: &BTreeMap<String, u64>) -> Result<(), BackupError> {
        let begin = Instant::now();
        for (workspace, size) in sizes.iter().filter(|(_, size)| **size > 0) {
            loop {
                let published = self.checkpoint(workspace)?.map_or(0, |(_, checkpoint)| checkpoint.size);
                if published >= *size {
                    break;
                }
                // Nobody has the lock: nobody will publish.
                let is_alone = self.storage.lock("sequencer/lock").is_ok();
                if is_alone || begin.elapsed() > PUBLISH_WAIT {
                    let (workspace, n) = (workspace.clone(), size - published);
                    return Err(BackupError::Unpublished { workspace, n });
                }
                std::thread::sleep(PUBLISH_LOOK);
            }
        }
        Ok(())
    }

    fn checkpoint(&self, workspace: &str) -> Result<Option<(SignedNote, Checkpoint)>, BackupError> {
        let path = checkpoint_path(workspace);
        let Some(bytes) = self.storage.read(&path).map_err(BackupError::io(&self.root.join(&path)))? else {
            return Ok(None);
        };
        let note = SignedNote::parse(&bytes);
        let read = note.and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
        let (checkpoint, note) = read.map_err(|source| BackupError::Checkpoint { name: path, source })?;
        Ok(Some((note, checkpoint)))
    }

    /// Reads the published logs of all workspaces.
    pub fn logs(&self) -> Result<Vec<CapturedLog>, BackupError> {
        let mut logs = Vec::new();
        for workspace in self.storage.list("ws").map_err(BackupError::io(&self.root))? {
            if let Some((note, checkpoint)) = self.checkpoint(&workspace)? {
                let content = read_log(&self.storage, &workspace, checkpoint.size, &BTreeSet::new())?;
                let root = content.roots.get(&checkpoint.size);
                if root != Some(&checkpoint.root) {
                    let why = "its entries are not those that its checkpoint covers".to_string();
                    return Err(BackupError::Log { workspace, why });
                }
                logs.push(CapturedLog { workspace, note, size: checkpoint.size, catalog: content.catalog });
            }
        }
        Ok(logs)
    }
}

impl CapturedLog {
    /// Returns the entries of batches whose records no file has, with their tables.
    pub fn hot(&self) -> BTreeSet<u64> {
        let mut hot = BTreeSet::new();
        for table in self.catalog.tables.values() {
            let stored = table.stored();
            let is_stored = |first: u64, end: u64| {
                stored.iter().any(|range| range.first <= first && end <= range.first.saturating_add(range.count))
            };
            let batches = table.batches.iter();
            let batches = batches.filter(|batch| !is_stored(batch.first, batch.first.saturating_add(batch.count)));
            hot.extend(batches.map(|batch| batch.entry));
        }
        hot
    }
}

/// What the entries of a log say.
pub struct LogContent {
    pub catalog: Catalog,
    /// The root at the end, and at each of the sizes that were asked for.
    pub roots: BTreeMap<u64, Hash>,
}

/// Reads the first `size` entries of a log.
pub fn read_log(
    storage: &dyn Storage,
    workspace: &str,
    size: u64,
    sizes: &BTreeSet<u64>,
) -> Result<LogContent, BackupError> {
    let damaged = |why: String| BackupError::Log { workspace: workspace.to_string(), why };
    let (mut catalog, mut tree, mut roots) = (Catalog::default(), TreeBuilder::new(), BTreeMap::new());
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let Some(tile) = Tile::of_log(0, index, size) else { break };
        let entries = read_entries(storage, workspace, tile);
        let path = || format!("{}/{}", log_folder(workspace), tile.entries_path());
        for entry in entries.ok_or_else(|| damaged(format!("`{}` is missing or damaged", path())))? {
            tree.append(Hash::leaf(&entry));
            catalog.add(&entry).map_err(|error| damaged(stdx::error_chain(&error)))?;
            if sizes.contains(&tree.size()) {
                roots.insert(tree.size(), tree.root());
            }
        }
    }
    roots.insert(size, tree.root());
    Ok(LogContent { catalog, roots })
}
