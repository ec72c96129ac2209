//! The logs as files that anybody may read, after C2SP tlog-tiles, and the checkpoint that covers them.
//!
//! ```text
//! ws/<workspace>/log/tile/entries/...   entries, 256 in a file        written first
//! ws/<workspace>/log/tile/0/...         hashes
//! sequencer/signed                      what is about to be shown
//! ws/<workspace>/log/checkpoint         the checkpoint                written last
//! ws/<workspace>/log/witnessed          the newest with a quorum      once witnesses have cosigned it
//! ```
//!
//! All of it follows from the write-ahead log and, for what that no longer has, from the entries: tiles that are missing are made anew.
//! Writing may fail and be tried again, for every file is put in place as a whole. A checkpoint is never replaced by a smaller one.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use stdx::crash_point;
use tlog::note::{NoteSignature, SignedNote};
use tlog::tile::{TILE_WIDTH, Tile, TileSource, TileWriter, entry_bundle, parse_entry_bundle};
use tlog::{Checkpoint, Hash, ProofError};

use crate::error::PublishError;
use crate::publications::Cosigned;
use crate::signed::{PATH as SIGNED_PATH, SignedFile};
use crate::state::LogState;
use crate::storage::{Storage, folder_of, replace};
use stdx::error_chain;

/// Returns the path of a workspace's log.
pub fn log_folder(workspace: &str) -> String {
    format!("ws/{workspace}/log")
}

/// Returns the path of a workspace's published checkpoint.
pub fn checkpoint_path(workspace: &str) -> String {
    format!("{}/checkpoint", log_folder(workspace))
}

/// Returns the path of a workspace's newest checkpoint with a quorum of cosignatures.
pub fn witnessed_path(workspace: &str) -> String {
    format!("{}/witnessed", log_folder(workspace))
}

/// What one frame committed.
#[derive(Debug, Clone)]
pub struct Commit {
    pub frame: u64,
    pub logs: Vec<CommittedLog>,
}

/// What one frame added to a log.
#[derive(Debug, Clone)]
pub struct CommittedLog {
    pub workspace: String,
    pub entries: Vec<Vec<u8>>,
    pub checkpoint: Arc<SignedNote>,
    /// Size and root that the checkpoint signs.
    pub size: u64,
    pub root: Hash,
}

/// Writes tiles, entries and checkpoints.
pub struct Publisher {
    storage: Arc<dyn Storage>,
    signed: Arc<Mutex<SignedFile>>,
    logs: BTreeMap<String, PublishedLog>,
    /// Logs that cannot be published, and why.
    broken: BTreeMap<String, String>,
    /// Checkpoints that were published since somebody asked.
    published: BTreeMap<String, Arc<SignedNote>>,
    /// The last frame that was handed in.
    pub(crate) frame: u64,
}

/// A log on its way to its folder.
struct PublishedLog {
    tiles: TileWriter,
    /// Entries of the bundle that is not full.
    bundle: Vec<Vec<u8>>,
    is_bundle_new: bool,
    /// Files that are to be written.
    files: VecDeque<(String, Vec<u8>)>,
    /// Folders of partial tiles that a full one has replaced.
    stale: Vec<String>,
    checkpoint: Option<Arc<SignedNote>>,
    root: Hash,
    published_size: u64,
    /// What is published and was not yet shown.
    published: Option<Arc<SignedNote>>,
}

impl Publisher {
    pub(crate) fn new(storage: Arc<dyn Storage>, signed: Arc<Mutex<SignedFile>>) -> Publisher {
        Publisher {
            storage,
            signed,
            logs: BTreeMap::new(),
            broken: BTreeMap::new(),
            published: BTreeMap::new(),
            frame: 0,
        }
    }

    /// Takes up a log: `entries` are those in the write-ahead log, `base` is where the log stood before them.
    pub(crate) fn open(&mut self, workspace: &str, log: &LogState, base: Option<&LogState>, entries: &[Vec<u8>]) {
        let base = base.map_or((0, Hash::EMPTY_ROOT), |base| (base.tree.size(), base.tree.root()));
        let opened = match PublishedLog::resume(&*self.storage, workspace, base.0, entries) {
            Some(opened) => Ok(opened),
            None => PublishedLog::rebuild(&*self.storage, workspace, base, entries),
        };
        match opened {
            Ok(mut opened) => {
                self.published.extend(opened.published.take().map(|note| (workspace.to_string(), note)));
                opened.checkpoint =
                    log.checkpoint.clone().map(Arc::new).filter(|_| opened.published_size < opened.tiles.size());
                opened.root = log.tree.root();
                self.logs.insert(workspace.to_string(), opened);
            }
            Err(error) => {
                self.broken.insert(workspace.to_string(), error_chain(&error));
            }
        }
    }

    /// Takes what was committed, to publish it next time.
    pub fn add(&mut self, commits: impl IntoIterator<Item = Commit>) {
        for commit in commits {
            for committed in commit.logs {
                if self.broken.contains_key(&committed.workspace) {
                    continue;
                }
                let log = self.logs.entry(committed.workspace.clone()).or_insert_with(PublishedLog::new);
                for entry in committed.entries {
                    log.append(&committed.workspace, entry);
                }
                log.checkpoint = Some(committed.checkpoint);
                log.root = committed.root;
            }
            self.frame = commit.frame;
        }
    }

    /// Publishes everything that was taken and returns the last frame that is published with all before it.
    ///
    /// # Errors
    /// When something could not be written; it is tried again next time.
    pub fn publish(&mut self) -> Result<u64, PublishError> {
        let waiting: Vec<String> =
            self.logs.iter().filter(|(_, log)| log.checkpoint.is_some()).map(|(name, _)| name.clone()).collect();
        for workspace in &waiting {
            if let Some(log) = self.logs.get_mut(workspace) {
                log.write_files(&*self.storage, workspace)?;
            }
        }
        if !waiting.is_empty() {
            crash_point("publish.files");
            let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
            for workspace in &waiting {
                if let Some(log) = self.logs.get(workspace) {
                    signed.signed.logs.insert(workspace.clone(), (log.tiles.size(), log.root));
                }
            }
            signed.save().map_err(PublishError::io(SIGNED_PATH))?;
            crash_point("publish.signed");
        }
        for workspace in &waiting {
            if let Some(log) = self.logs.get_mut(workspace) {
                log.write_checkpoint(&*self.storage, workspace)?;
                self.published.extend(log.published.take().map(|note| (workspace.clone(), note)));
            }
        }
        // What is broken is in the write-ahead log only, which therefore must stay.
        match self.broken.first_key_value() {
            Some((workspace, _)) => Err(PublishError::Entries { path: log_folder(workspace) }),
            None => Ok(self.frame),
        }
    }

    /// Returns the newest checkpoint of each log that was published since the last time, first those that a start found.
    pub fn take_published(&mut self) -> BTreeMap<String, Arc<SignedNote>> {
        std::mem::take(&mut self.published)
    }

    /// Adds cosignatures to the published checkpoint, if it is still that one, and keeps what has a quorum.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn cosign(&mut self, cosigned: &Cosigned) -> Result<(), PublishError> {
        let Cosigned { workspace, note, has_quorum } = cosigned;
        let put = |path: &str, note: &SignedNote| {
            replace(&*self.storage, path, note.to_text().as_bytes()).map_err(PublishError::io(path))
        };
        if *has_quorum {
            put(&witnessed_path(workspace), note)?;
        }
        let path = checkpoint_path(workspace);
        let bytes = self.storage.read(&path).map_err(PublishError::io(&path))?.unwrap_or_default();
        match SignedNote::parse(&bytes) {
            Ok(published) if published.text == note.text => put(&path, &merge(published, note)),
            _ => Ok(()),
        }
    }

    /// Returns the size of each log as it is published.
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        self.logs.iter().map(|(workspace, log)| (workspace.clone(), log.published_size)).collect()
    }

    /// Returns the logs that cannot be published, and why.
    pub fn broken(&self) -> &BTreeMap<String, String> {
        &self.broken
    }
}

impl PublishedLog {
    fn new() -> PublishedLog {
        PublishedLog {
            tiles: TileWriter::new(),
            bundle: Vec::new(),
            is_bundle_new: false,
            files: VecDeque::new(),
            stale: Vec::new(),
            checkpoint: None,
            root: Hash::EMPTY_ROOT,
            published_size: 0,
            published: None,
        }
    }

    /// Goes on where the published checkpoint is; `None` if that is before the write-ahead log begins, or its tiles are not there or
    /// not its own.
    fn resume(storage: &dyn Storage, workspace: &str, base: u64, entries: &[Vec<u8>]) -> Option<PublishedLog> {
        let note = SignedNote::parse(&storage.read(&checkpoint_path(workspace)).ok()??).ok()?;
        let Checkpoint { size, root, .. } = Checkpoint::parse(&note.text).ok()?;
        let n_published = usize::try_from(size.checked_sub(base)?).ok()?;
        let source = Tiles { storage, folder: log_folder(workspace) };
        let tiles = TileWriter::resume(size, &source).ok()?;
        if tiles.root() != root {
            return None;
        }
        // The last process may have died before the checkpoint's name was durable; all before it was.
        storage.sync_folder(&log_folder(workspace)).ok()?;
        let published = Some(Arc::new(note));
        let mut log = PublishedLog { tiles, published_size: size, published, ..PublishedLog::new() };
        if let Some(edge) = Tile::of_log(0, size / TILE_WIDTH, size) {
            log.bundle = read_entries(storage, workspace, edge)?;
            let hashes: Vec<u8> = log.bundle.iter().flat_map(|entry| Hash::leaf(entry).0).collect();
            let tile = source.tile(edge)?;
            tile.get(..hashes.len()).filter(|tile| *tile == hashes)?;
        }
        for entry in entries.get(n_published..)? {
            log.append(workspace, entry.clone());
        }
        Some(log)
    }

    /// Makes all tiles anew from the published entries before `base`, a size and its root, and those in the write-ahead log.
    fn rebuild(
        storage: &dyn Storage,
        workspace: &str,
        (size, root): (u64, Hash),
        entries: &[Vec<u8>],
    ) -> Result<PublishedLog, PublishError> {
        let mut log = PublishedLog::new();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            let Some(tile) = Tile::of_log(0, index, size) else { break };
            let missing =
                || PublishError::Entries { path: format!("{}/{}", log_folder(workspace), tile.entries_path()) };
            for entry in read_entries(storage, workspace, tile).ok_or_else(missing)? {
                log.append(workspace, entry);
            }
            // The entries are there; hashes are written as they come, so that a long log does not fill the memory.
            log.files.retain(|(path, _)| !path.contains("/tile/entries/"));
            log.take_tiles(workspace);
            if log.tiles.root() == root || log.tiles.size() < size {
                continue;
            }
            let source = ProofError::Root { expected: root, found: log.tiles.root() };
            return Err(PublishError::Root { workspace: workspace.to_string(), source });
        }
        for entry in entries {
            log.append(workspace, entry.clone());
        }
        Ok(log)
    }

    fn append(&mut self, workspace: &str, entry: Vec<u8>) {
        self.tiles.append(Hash::leaf(&entry));
        self.bundle.push(entry);
        self.is_bundle_new = true;
        if self.bundle.len() as u64 == TILE_WIDTH {
            self.take_bundle(workspace);
            self.bundle.clear();
        }
    }

    /// Puts the bundle of entries among the files to be written.
    fn take_bundle(&mut self, workspace: &str) {
        let width = self.bundle.len();
        let index = (self.tiles.size().saturating_sub(1)) / TILE_WIDTH;
        let tile = u16::try_from(width).ok().and_then(|width| Tile::new(0, index, width));
        // Every entry was short enough when it was made, and there are 256 at most.
        let bundle = entry_bundle(self.bundle.iter().map(Vec::as_slice));
        if let (Some(tile), Ok(bundle)) = (tile, bundle) {
            self.push(workspace, &tile.entries_path(), tile.is_full(), bundle);
        }
        self.is_bundle_new = false;
    }

    fn take_tiles(&mut self, workspace: &str) {
        for data in self.tiles.take_tiles() {
            self.push(workspace, &data.tile.path(), data.tile.is_full(), data.bytes);
        }
    }

    fn push(&mut self, workspace: &str, path: &str, is_full: bool, bytes: Vec<u8>) {
        let path = format!("{}/{path}", log_folder(workspace));
        if is_full {
            self.stale.push(format!("{path}.p"));
        }
        self.files.push_back((path, bytes));
    }

    fn write_files(&mut self, storage: &dyn Storage, workspace: &str) -> Result<(), PublishError> {
        if self.is_bundle_new {
            self.take_bundle(workspace);
        }
        self.take_tiles(workspace);
        while let Some((path, bytes)) = self.files.front() {
            replace(storage, path, bytes).map_err(PublishError::io(path))?;
            crash_point("publish.file");
            self.files.pop_front();
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, storage: &dyn Storage, workspace: &str) -> Result<(), PublishError> {
        let Some(checkpoint) = self.checkpoint.clone() else { return Ok(()) };
        let path = checkpoint_path(workspace);
        replace(storage, &path, checkpoint.to_text().as_bytes()).map_err(PublishError::io(&path))?;
        self.checkpoint = None;
        crash_point("publish.checkpoint");
        self.published = Some(checkpoint);
        self.published_size = self.tiles.size();
        // A partial tile that stays takes space and harms nobody.
        for folder in self.stale.drain(..) {
            for name in storage.list(&folder).unwrap_or_default() {
                let _ = storage.remove(&format!("{folder}/{name}"));
            }
            if storage.list(folder_of(&folder)).unwrap_or_default().iter().any(|name| folder.ends_with(name)) {
                let _ = storage.remove(&folder);
            }
        }
        Ok(())
    }
}

/// Adds the signatures of a note to those of another with the same text, in the place of older ones by the same key.
fn merge(mut note: SignedNote, newer: &SignedNote) -> SignedNote {
    let is_by = |a: &NoteSignature, b: &NoteSignature| a.id == b.id && a.name == b.name;
    for signature in &newer.signatures {
        match note.signatures.iter_mut().find(|known| is_by(known, signature)) {
            Some(known) => *known = signature.clone(),
            None => note.signatures.push(signature.clone()),
        }
    }
    note
}

/// Tiles in a folder.
pub struct Tiles<'a> {
    pub storage: &'a dyn Storage,
    /// The folder of the log.
    pub folder: String,
}

impl TileSource for Tiles<'_> {
    fn tile(&self, tile: Tile) -> Option<Cow<'_, [u8]>> {
        let read = |tile: Tile| self.storage.read(&format!("{}/{}", self.folder, tile.path())).ok()?;
        read(tile).or_else(|| read(tile.full())).map(Cow::Owned)
    }
}

/// Reads the entries of a bundle, or the first ones of a wider bundle that has taken its place; `None` if there is none that can be
/// read.
pub fn read_entries(storage: &dyn Storage, workspace: &str, tile: Tile) -> Option<Vec<Vec<u8>>> {
    let folder = log_folder(workspace);
    let full = format!("{folder}/{}", tile.full().entries_path());
    let partial = storage.list(&format!("{full}.p")).unwrap_or_default();
    let partial = partial.iter().filter_map(|name| name.parse().ok()).filter(|width| *width >= tile.width());
    let read = |width: u16| {
        let wider = Tile::new(0, tile.index(), width)?;
        let bytes = storage.read(&format!("{folder}/{}", wider.entries_path())).ok()??;
        let entries = parse_entry_bundle(&bytes, width).ok()?;
        Some(entries.into_iter().take(usize::from(tile.width())).map(<[u8]>::to_vec).collect())
    };
    std::iter::once(tile.width()).chain([TILE_WIDTH as u16]).chain(partial).find_map(read)
}
