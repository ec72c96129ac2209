//! Making a backup.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use ingest::{seeds_path, split_origin};
use keys::{MODE_FILE, MemoryCopy, Mode, Passphrase, SealedKeys, Start, open_with_passphrase, read_mode};
use sequencer::storage::{Disk, Storage};
use sequencer::{key_of_file, log_folder, scan};
use stdx::{Clock, SystemEntropy};
use tlog::Hash;
use tlog::tile::{TILE_WIDTH, Tile, entry_bundle};

use crate::capture::{CapturedLog, Source};
use crate::error::BackupError;
use crate::manifest::{BackupInfo, Manifest, StoredFile, TailBatch, WorkspacePart, blob_name, newest};
use crate::place::{Place, copy};

/// How often a store is looked at that changes meanwhile.
const TRIES: usize = 8;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct BackupOptions {
    /// Opens the signing keys of an encrypted store, to note their public parts. Data need none: they are copied as they are.
    pub passphrase: Option<Passphrase>,
}

/// What a backup came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The manifest's name.
    pub name: String,
    pub n_workspaces: usize,
    /// Entries of all logs.
    pub n_entries: u64,
    /// Files and batches in the backup, and their bytes.
    pub n_parts: u64,
    pub n_bytes: u64,
    /// Those of them that were not there yet.
    pub n_copied: u64,
    pub n_copied_bytes: u64,
    pub is_encrypted: bool,
}

/// Makes a backup of the store in a folder. Another process may have the store: whatever it acknowledged before is in the backup.
///
/// # Errors
/// When the store or the place cannot be read or written; then the backups that are there stay as they are.
pub fn back_up(root: &Path, place: &Place, clock: &dyn Clock, options: &BackupOptions) -> Result<Summary, BackupError> {
    let source = Source::open(root)?;
    if let Some(info) = newest(place, None)? {
        let found = Manifest::read(place, &info)?.origin;
        if split_origin(&found).0 != split_origin(&source.origin).0 {
            let (place, origin) = (place.to_string(), source.origin);
            return Err(BackupError::OtherStore { place, found, origin });
        }
    }
    let made = clock.now_ticks();
    source.wait(&source.acknowledged()?)?;
    let blobs = place.list("blobs/")?;
    let mut copying = Copying { source: &source, place, blobs, summary: Summary::default() };
    let mut why = String::new();
    for _ in 0..TRIES {
        match copying.attempt(made, options)? {
            Attempt::Whole(manifest) => return copying.finish(&manifest),
            Attempt::Missed(what) => why = what,
        }
    }
    Err(BackupError::Restless { n_tries: TRIES, why })
}

enum Attempt {
    Whole(Manifest),
    /// Something had gone when it was looked for.
    Missed(String),
}

struct Copying<'a> {
    source: &'a Source,
    place: &'a Place,
    /// What is there, by name.
    blobs: BTreeMap<String, u64>,
    summary: Summary,
}

impl Copying<'_> {
    /// Copies what the store has now.
    fn attempt(&mut self, made: i64, options: &BackupOptions) -> Result<Attempt, BackupError> {
        self.summary.n_parts = 0;
        self.summary.n_bytes = 0;
        let keys = self.source.root.join("keys");
        let disk = Disk::open_private(&keys).map_err(BackupError::io(&keys))?;
        let is_encrypted = matches!(read_mode(&disk)?, Some((Mode::Encrypted, _)));
        let key_files = MemoryCopy::of(&disk).map_err(BackupError::io(&keys))?;
        let mut manifest = Manifest::new(made, &self.source.origin, is_encrypted);
        let logs = self.source.logs()?;
        let mut tails = match self.tails(&logs)? {
            Ok(tails) => tails,
            Err(why) => return Ok(Attempt::Missed(why)),
        };
        for log in &logs {
            let log_keys = log_keys(&key_files, &log.workspace, is_encrypted, options)?;
            let files = match self.files(log, is_encrypted)? {
                Ok(files) => files,
                Err(why) => return Ok(Attempt::Missed(why)),
            };
            manifest.workspaces.push(WorkspacePart {
                name: log.workspace.clone(),
                checkpoint: log.note.to_text(),
                log_keys,
                files,
                tail: tails.remove(&log.workspace).unwrap_or_default(),
            });
        }
        if is_encrypted {
            manifest.keys = self.key_files(&key_files)?;
        }
        self.summary.is_encrypted = is_encrypted;
        self.summary.n_workspaces = logs.len();
        self.summary.n_entries = logs.iter().map(|log| log.size).sum();
        Ok(Attempt::Whole(manifest))
    }

    /// Puts the manifest in place, and with that the backup.
    fn finish(mut self, manifest: &Manifest) -> Result<Summary, BackupError> {
        let (name, bytes) = manifest.to_bytes();
        // Nothing that it names may be missing once it is there.
        self.place.sync()?;
        self.place.put(&name, &mut bytes.as_slice(), &Hash::of(&bytes))?;
        self.place.sync()?;
        // It is read as a restoration would.
        Manifest::read(self.place, &BackupInfo { made: manifest.made_ticks, name: name.clone() })?;
        self.summary.name = name;
        Ok(self.summary)
    }

    /// Copies the batches that no file has, by workspace; says what had gone.
    fn tails(&mut self, logs: &[CapturedLog]) -> Result<Result<BTreeMap<String, Vec<TailBatch>>, String>, BackupError> {
        let mut wanted: BTreeMap<&str, std::collections::BTreeSet<u64>> =
            logs.iter().map(|log| (log.workspace.as_str(), log.hot())).collect();
        let mut tails: BTreeMap<String, Vec<TailBatch>> = BTreeMap::new();
        let mut failed = None;
        let scanned = scan(&self.source.storage, None, |_, batch| {
            let is_wanted =
                wanted.get_mut(batch.workspace.as_str()).is_some_and(|entries| entries.remove(&batch.entry));
            if !is_wanted || failed.is_some() {
                return;
            }
            let mut bytes = batch.leaf_material;
            let leaf_material_bytes = bytes.len() as u64;
            bytes.extend_from_slice(&batch.payload);
            let hash = Hash::of(&bytes);
            match self.put(&hash, bytes.len() as u64, || Ok(Box::new(Cursor::new(bytes.clone())))) {
                Ok(_) => tails.entry(batch.workspace).or_default().push(TailBatch {
                    entry: batch.entry,
                    leaf_material_bytes,
                    bytes: bytes.len() as u64,
                    sha256: hash.to_string(),
                }),
                Err(error) => failed = Some(error),
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if let Err(error) = scanned {
            return Ok(Err(stdx::error_chain(&error)));
        }
        Ok(match wanted.iter().find_map(|(workspace, entries)| Some((workspace, entries.first()?))) {
            Some((workspace, entry)) => {
                Err(format!("the records of entry {entry} of `{workspace}` were written to a file"))
            }
            None => Ok(tails),
        })
    }

    /// Copies the files of a workspace; says what had gone.
    fn files(&mut self, log: &CapturedLog, is_encrypted: bool) -> Result<Result<Vec<StoredFile>, String>, BackupError> {
        let mut files = self.entries(log)?;
        let folder = format!("ws/{}", log.workspace);
        for kind in ["schema", "acts", "statements"] {
            let kind = format!("{folder}/{kind}");
            let names = self.source.storage.list(&kind).map_err(BackupError::io(&self.source.root.join(&kind)))?;
            for name in names.iter().filter(|name| !name.ends_with(".tmp")) {
                match self.file(format!("{kind}/{name}"), None)? {
                    Some(file) => files.push(file),
                    None => return Ok(Err(format!("`{kind}/{name}` has gone"))),
                }
            }
        }
        for live in log.catalog.tables.values().flat_map(|table| table.live.values()) {
            let path = &live.extent.path;
            // The log says what is in the file; a sealed one has other bytes.
            let known = (!is_encrypted).then_some((live.extent.file, live.extent.bytes));
            for (path, known) in [(path.clone(), known), (seeds_path(path), None)] {
                let path = format!("{folder}/{path}");
                match self.file(path.clone(), known)? {
                    Some(file) => files.push(file),
                    None => return Ok(Err(format!("`{path}` has gone"))),
                }
            }
        }
        Ok(Ok(files))
    }

    /// Copies the entries that the checkpoint covers.
    fn entries(&mut self, log: &CapturedLog) -> Result<Vec<StoredFile>, BackupError> {
        let mut files = Vec::new();
        for index in 0..log.size.div_ceil(TILE_WIDTH) {
            let Some(tile) = Tile::of_log(0, index, log.size) else { break };
            let damaged = |why: String| BackupError::Log { workspace: log.workspace.clone(), why };
            let entries = sequencer::read_entries(&self.source.storage, &log.workspace, tile);
            let entries = entries.ok_or_else(|| damaged(format!("`{}` cannot be read", tile.entries_path())))?;
            let bytes = entry_bundle(entries.iter().map(Vec::as_slice)).map_err(|error| damaged(error.to_string()))?;
            files.push(self.bytes(format!("{}/{}", log_folder(&log.workspace), tile.entries_path()), bytes)?);
        }
        Ok(files)
    }

    /// Copies the keys that encrypt, which are encrypted; none that signs.
    fn key_files(&mut self, keys: &MemoryCopy) -> Result<Vec<StoredFile>, BackupError> {
        let io = |error| BackupError::io(&self.source.root.join("keys"))(error);
        let mut paths = Vec::new();
        for name in keys.list("").map_err(io)? {
            let inside = keys.list(&name).map_err(io)?;
            let is_ring = |file: &&String| file.starts_with("ring.") && !file.ends_with(".tmp");
            paths.extend(inside.iter().filter(is_ring).map(|file| format!("{name}/{file}")));
            if name == MODE_FILE || (name.starts_with("root.") && !name.ends_with(".tmp")) {
                paths.push(name);
            }
        }
        let mut files = Vec::new();
        for path in paths {
            let bytes = keys.read(&path).map_err(io)?.unwrap_or_default();
            files.push(self.bytes(format!("keys/{path}"), bytes)?);
        }
        Ok(files)
    }

    fn bytes(&mut self, path: String, bytes: Vec<u8>) -> Result<StoredFile, BackupError> {
        let (hash, len) = (Hash::of(&bytes), bytes.len() as u64);
        self.put(&hash, len, || Ok(Box::new(Cursor::new(bytes.clone()))))?;
        Ok(StoredFile { path, bytes: len, sha256: hash.to_string() })
    }

    /// Copies a file; `None` if it is not there. `known` are the hash and length that it must have.
    fn file(&mut self, path: String, known: Option<(Hash, u64)>) -> Result<Option<StoredFile>, BackupError> {
        let absolute = self.source.root.join(&path);
        let open = || File::open(&absolute);
        let found = match known {
            Some(known) => absolute.metadata().map(|_| known),
            None => open().and_then(|mut file| {
                let hash = copy(&mut file, &mut io::sink())?;
                Ok((hash, file.metadata()?.len()))
            }),
        };
        let (hash, len) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::io(&absolute)(error)),
        };
        match self.put(&hash, len, || Ok(Box::new(open()?))) {
            Ok(true) => Ok(Some(StoredFile { path, bytes: len, sha256: hash.to_string() })),
            // One that the log knows cannot become another.
            Ok(false) if known.is_some() && absolute.exists() => {
                let why = format!("it is not what is sealed: its hash is not {hash}");
                Err(BackupError::Damaged { place: self.source.root.display().to_string(), name: path, why })
            }
            Ok(false) => Ok(None),
            Err(BackupError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a blob where it is not there yet, and reads it back; returns whether it had the hash.
    fn put(
        &mut self,
        hash: &Hash,
        len: u64,
        open: impl Fn() -> io::Result<Box<dyn Read>>,
    ) -> Result<bool, BackupError> {
        let name = blob_name(&hash.to_string());
        if self.blobs.get(&name) != Some(&len) {
            let mut reader = open().map_err(BackupError::io(Path::new(&name)))?;
            if !self.place.put(&name, &mut reader, hash)? {
                return Ok(false);
            }
            if self.place.read(&name, &mut io::sink())? != *hash {
                let (place, why) =
                    (self.place.to_string(), "it was written and is another when it is read".to_string());
                return Err(BackupError::Damaged { place, name, why });
            }
            self.blobs.insert(name, len);
            self.summary.n_copied += 1;
            self.summary.n_copied_bytes += len;
        }
        self.summary.n_parts += 1;
        self.summary.n_bytes += len;
        Ok(true)
    }
}

/// Returns the public keys of a log, as far as they can be known.
fn log_keys(
    keys: &MemoryCopy,
    workspace: &str,
    is_encrypted: bool,
    options: &BackupOptions,
) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    if is_encrypted {
        let Some(passphrase) = &options.passphrase else { return Ok(found) };
        let (entropy, clock) = (Arc::new(SystemEntropy), Arc::new(stdx::SystemClock));
        let store = open_with_passphrase(Arc::new(keys.clone()), passphrase, Start::Existing, entropy, clock)?;
        let signers = SealedKeys::new(store.keys).open_all(workspace)?;
        return Ok(signers.iter().map(|signer| signer.verifier().to_string()).collect());
    }
    let io = |error| BackupError::io(Path::new(workspace))(error);
    for name in keys.list(workspace).map_err(io)?.iter().filter(|name| name.ends_with(".key")) {
        let bytes = keys.read(&format!("{workspace}/{name}")).map_err(io)?.unwrap_or_default();
        if let Ok(key) = key_of_file(name, &bytes) {
            found.push(key.to_string());
        }
    }
    Ok(found)
}
