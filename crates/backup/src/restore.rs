//! Making a store out of a backup.
//!
//! ```text
//! manifest ─► entries ─ roots ─ witnessed checkpoints ─► refused, or: files ─► other life ─► loss stated in each log ─► tail to files
//!                                                                         ─► another root key ─► verified ─► the folder's name
//! ```
//!
//! Everything is made in a folder beside, which gets its name when it is whole and verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ingest::{Encryption, Remains, Rotation, Statement, Vault, VaultOptions};
use keys::{Cost, Passphrase};
use sequencer::StoredBatch;
use sequencer::storage::Disk;
use serde_json::json;
use stdx::Clock;
use tlog::entry::{ActKind, Entry};
use tlog::note::SignedNote;
use tlog::tile::{TILE_WIDTH, Tile};
use tlog::{Checkpoint, Hash, Policy, ticks_text};
use verify::{Depth, verify_store};

use crate::capture::read_log;
use crate::error::BackupError;
use crate::manifest::{Manifest, StoredFile, WorkspacePart, blob_name, newest};
use crate::place::Place;
use crate::refusal::Refusal;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// The newest backup that is not later, in ticks; without, the newest of all.
    pub to: Option<i64>,
    /// Checkpoints that witnesses, auditors or senders kept, with names to be reported by. A log that has less is refused.
    pub witnessed: Vec<(String, SignedNote)>,
    /// Workspaces whose loss an administrator accepts.
    pub accepted: BTreeSet<String>,
    /// Workspaces that are not restored.
    pub left_out: BTreeSet<String>,
    /// Why, for the act in each log.
    pub reason: String,
    /// Who asked and who approved, as references; at least one.
    pub authorities: Vec<String>,
    /// That of the store when the backup was made.
    pub passphrase: Option<Passphrase>,
    /// That of the restored store: its keys are put under another root key.
    pub new_passphrase: Option<Passphrase>,
    /// What a try of a new passphrase costs.
    pub cost: Cost,
    /// A workspace whose log gets a summary of all.
    pub summary_workspace: Option<String>,
    pub vault: VaultOptions,
}

/// A workspace that lives again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredWorkspace {
    pub name: String,
    /// The name of its log from now on.
    pub origin: String,
    /// How many entries its log had; the next one states what may be lost.
    pub size: u64,
    /// How many entries witnesses have seen beyond those; 0 if none that is known.
    pub n_lost_entries: u64,
    /// Batches that were in no file.
    pub n_tail: usize,
    /// Whether the checkpoint in the backup was verified with the log's public keys.
    pub is_verified: bool,
}

/// What a restoration came to.
#[derive(Debug)]
pub struct Restored {
    /// The backup, by the name of its manifest.
    pub backup: String,
    pub made: String,
    pub origin: String,
    pub workspaces: Vec<RestoredWorkspace>,
    pub left_out: Vec<String>,
    pub rotation: Option<Rotation>,
    pub n_files: u64,
    pub n_bytes: u64,
}

/// Makes a store in a new folder out of a backup.
///
/// # Errors
/// [`BackupError::Refused`] for workspaces that have less than was witnessed, and when the backup is damaged or the store cannot be made.
/// Nothing is left in the folder then.
pub fn restore(
    place: &Place,
    folder: &Path,
    clock: Arc<dyn Clock>,
    options: &RestoreOptions,
) -> Result<Restored, BackupError> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(BackupError::Exists { path: folder.to_path_buf() });
    }
    let before = || options.to.map(|to| ticks_text(to).unwrap_or_else(|| to.to_string()));
    let info = newest(place, options.to)?;
    let info = info.ok_or_else(|| BackupError::NoBackup { place: place.to_string(), before: before() })?;
    let manifest = Manifest::read(place, &info)?;
    if manifest.is_encrypted && options.passphrase.is_none() {
        return Err(BackupError::NoPassphrase);
    }
    let mut beside = folder.as_os_str().to_os_string();
    beside.push(".restoring");
    let beside = PathBuf::from(beside);
    if beside.exists() {
        return Err(BackupError::Exists { path: beside });
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(&beside).map_err(BackupError::io(&beside))?;
    let mut restoring = Restoring { place, root: beside.clone(), folders: BTreeSet::new(), n_files: 0, n_bytes: 0 };
    let restored = restoring.run(&manifest, &info.name, clock, options);
    let restored = restored.and_then(|restored| put_in_place(&beside, folder).map(|()| restored));
    if restored.is_err() {
        // What is wrong was said; what is left is of no use.
        let _ = fs::remove_dir_all(&beside);
    }
    restored
}

/// Gives a whole store its name.
fn put_in_place(beside: &Path, folder: &Path) -> Result<(), BackupError> {
    if folder.exists() {
        fs::remove_dir(folder).map_err(BackupError::io(folder))?;
    }
    fs::rename(beside, folder).map_err(BackupError::io(folder))?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above).and_then(|above| above.sync_all()).map_err(BackupError::io(above))
}

struct Restoring<'a> {
    place: &'a Place,
    root: PathBuf,
    /// Those in which files were put.
    folders: BTreeSet<PathBuf>,
    n_files: u64,
    n_bytes: u64,
}

/// A log out of the backup, compared with what is known of it.
struct Known<'a> {
    part: &'a WorkspacePart,
    note: SignedNote,
    checkpoint: Checkpoint,
    witnessed: Option<Checkpoint>,
    is_verified: bool,
}

impl Restoring<'_> {
    fn run(
        &mut self,
        manifest: &Manifest,
        name: &str,
        clock: Arc<dyn Clock>,
        options: &RestoreOptions,
    ) -> Result<Restored, BackupError> {
        let known = self.compare(manifest, options)?;
        let mut remains = Remains { origin: manifest.origin.clone(), workspaces: Vec::new(), batches: Vec::new() };
        for Known { part, checkpoint, .. } in &known {
            for file in part.files.iter().filter(|file| !is_of_log(file)) {
                self.fetch(file)?;
            }
            remains.workspaces.push((part.name.clone(), checkpoint.size));
            remains.batches.extend(self.tail(part, checkpoint.size)?);
        }
        let is_left_out =
            |file: &&StoredFile| options.left_out.iter().any(|name| file.path.starts_with(&format!("keys/{name}/")));
        for file in manifest.keys.iter().filter(|file| !is_left_out(file)) {
            self.fetch(file)?;
        }
        let encryption = match &options.passphrase {
            Some(passphrase) if manifest.is_encrypted => {
                Encryption::Passphrase { passphrase: passphrase.clone(), cost: options.cost }
            }
            _ => Encryption::None,
        };
        let mut vault_options = VaultOptions { encryption, ..options.vault.clone() };
        // The first entry of the new life says what it is.
        vault_options.sequencer.heartbeat_every = None;
        let vault = Vault::reborn(&self.root, clock.clone(), vault_options, remains)?;
        let mut workspaces = Vec::new();
        for known in &known {
            workspaces.push(state_loss(&vault, manifest, name, known, clock.now_ticks(), options)?);
        }
        vault.flush()?;
        let rotation = match &options.new_passphrase {
            Some(passphrase) if manifest.is_encrypted => {
                let new = Some((passphrase, options.cost));
                Some(vault.rotate_root_key(new, &options.reason, &options.authorities)?)
            }
            _ => None,
        };
        let left_out: Vec<String> = options.left_out.iter().cloned().collect();
        let restored = Restored {
            backup: name.to_string(),
            made: manifest.made.clone(),
            origin: String::from_utf8_lossy(&fs::read(self.root.join("origin")).unwrap_or_default()).trim().to_string(),
            workspaces,
            left_out,
            rotation,
            n_files: self.n_files,
            n_bytes: self.n_bytes,
        };
        if let Some(workspace) = options.summary_workspace.as_deref().filter(|name| vault.workspace(name).is_some()) {
            state_summary(&vault, workspace, &restored, options)?;
        }
        drop(vault);
        for folder in &self.folders {
            match File::open(folder).and_then(|folder| folder.sync_all()) {
                // The entries of the new life have made a tile full, and its parts are removed then: the folder above says so.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                synced => synced.map_err(BackupError::io(folder))?,
            }
        }
        self.verify(manifest, options)?;
        Ok(restored)
    }

    /// Fetches the entries of all logs and compares them with what was signed and witnessed.
    fn compare<'m>(&mut self, manifest: &'m Manifest, options: &RestoreOptions) -> Result<Vec<Known<'m>>, BackupError> {
        for name in options.accepted.iter().chain(&options.left_out) {
            if !manifest.workspaces.iter().any(|part| part.name == *name) {
                return Err(BackupError::UnknownWorkspace { name: name.clone() });
            }
        }
        let mut witnessed = witnessed(options)?;
        let (mut all, mut refusals) = (Vec::new(), Vec::new());
        for part in &manifest.workspaces {
            let read = SignedNote::parse(part.checkpoint.as_bytes());
            let read = read.and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
            let damaged = |why: String| BackupError::Log { workspace: part.name.clone(), why };
            let (checkpoint, note) = read.map_err(|error| damaged(error.to_string()))?;
            let seen = witnessed.remove(&checkpoint.origin).unwrap_or_default();
            if options.left_out.contains(&part.name) {
                continue;
            }
            for file in part.files.iter().filter(|file| is_of_log(file)) {
                self.fetch(file)?;
            }
            let storage = Disk::open(&self.root).map_err(BackupError::io(&self.root))?;
            let sizes = seen.iter().map(|(_, seen)| seen.size).collect();
            let content = read_log(&storage, &part.name, checkpoint.size, &sizes)?;
            if content.roots.get(&checkpoint.size) != Some(&checkpoint.root) {
                return Err(damaged("its entries are not those that its checkpoint covers".to_string()));
            }
            let is_verified = is_signed(part, &note).map_err(damaged)?;
            for (_, seen) in &seen {
                let workspace = part.name.clone();
                match content.roots.get(&seen.size) {
                    Some(ours) if *ours != seen.root && seen.size > 0 => {
                        let (size, ours, theirs) = (seen.size, *ours, seen.root);
                        refusals.push(Refusal::Fork { workspace, size, ours, theirs });
                    }
                    None if seen.size > checkpoint.size && !options.accepted.contains(&part.name) => {
                        let (size, witnessed) = (checkpoint.size, seen.size);
                        refusals.push(Refusal::Behind { workspace, size, witnessed });
                    }
                    _ => {}
                }
            }
            let witnessed = seen.into_iter().map(|(_, seen)| seen).max_by_key(|seen| seen.size);
            all.push(Known { part, note, checkpoint, witnessed, is_verified });
        }
        if let Some(name) = witnessed.into_values().flatten().map(|(name, _)| name).next() {
            return Err(BackupError::UnknownLog { name });
        }
        if refusals.is_empty() { Ok(all) } else { Err(BackupError::Refused(refusals)) }
    }

    /// Writes a file of the backup to its place.
    fn fetch(&mut self, file: &StoredFile) -> Result<(), BackupError> {
        let path = self.root.join(&file.path);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let above = path.parent().unwrap_or(&self.root);
        builder.recursive(true).create(above).map_err(BackupError::io(above))?;
        let mut open = File::options();
        open.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let mut output = open.open(&path).map_err(BackupError::io(&path))?;
        let blob = blob_name(&file.sha256);
        self.check(&blob, &file.path, &file.sha256, |place| place.read(&blob, &mut output))?;
        output.sync_all().map_err(BackupError::io(&path))?;
        for folder in above.ancestors() {
            self.folders.insert(folder.to_path_buf());
            if folder == self.root {
                break;
            }
        }
        self.n_files += 1;
        self.n_bytes += file.bytes;
        Ok(())
    }

    fn check(
        &self,
        blob: &str,
        what: &str,
        sha256: &str,
        read: impl FnOnce(&Place) -> Result<Hash, BackupError>,
    ) -> Result<(), BackupError> {
        let found = read(self.place)?;
        if found.to_string() == sha256 {
            return Ok(());
        }
        let why = format!("it is `{what}`, and has the hash {found}");
        Err(BackupError::Damaged { place: self.place.to_string(), name: blob.to_string(), why })
    }

    /// Reads the batches of a workspace that are in no file.
    fn tail(&self, part: &WorkspacePart, size: u64) -> Result<Vec<StoredBatch>, BackupError> {
        let storage = Disk::open(&self.root).map_err(BackupError::io(&self.root))?;
        let mut batches = Vec::new();
        let mut bundle: Option<(u64, Vec<Vec<u8>>)> = None;
        for batch in &part.tail {
            let damaged = |why: &str| BackupError::Log {
                workspace: part.name.clone(),
                why: format!("the records of entry {}: {why}", batch.entry),
            };
            let index = batch.entry / TILE_WIDTH;
            if bundle.as_ref().is_none_or(|(of, _)| *of != index) {
                let tile = Tile::of_log(0, index, size).ok_or_else(|| damaged("there is no such entry"))?;
                let entries = sequencer::read_entries(&storage, &part.name, tile);
                bundle = Some((index, entries.ok_or_else(|| damaged("the entry cannot be read"))?));
            }
            let place = usize::try_from(batch.entry % TILE_WIDTH).unwrap_or(usize::MAX);
            let entry = bundle.as_ref().and_then(|(_, entries)| entries.get(place));
            let Some(Ok(Entry::Batch(entry))) = entry.map(|bytes| Entry::parse(bytes)) else {
                return Err(damaged("the entry is no batch"));
            };
            let (blob, mut bytes) = (blob_name(&batch.sha256), Vec::new());
            let what = format!("entry {} of {}", batch.entry, part.name);
            self.check(&blob, &what, &batch.sha256, |place| place.read(&blob, &mut bytes))?;
            let split = usize::try_from(batch.leaf_material_bytes).ok().filter(|at| *at <= bytes.len());
            let payload = bytes.split_off(split.ok_or_else(|| damaged("they are too short"))?);
            let (workspace, entry_index) = (part.name.clone(), batch.entry);
            let leaf_material = bytes;
            batches.push(StoredBatch {
                workspace,
                entry: entry_index,
                batch: entry,
                request: None,
                leaf_material,
                payload,
            });
        }
        Ok(batches)
    }

    /// Verifies the store that was made.
    fn verify(&self, manifest: &Manifest, options: &RestoreOptions) -> Result<(), BackupError> {
        let passphrase = options.new_passphrase.clone().or_else(|| options.passphrase.clone());
        let passphrase = passphrase.filter(|_| manifest.is_encrypted);
        let options = verify::Options { depth: Depth::BySize, passphrase, ..verify::Options::default() };
        let report = verify_store(&self.root, &options, &|_| {})?;
        if report.is_whole() {
            return Ok(());
        }
        Err(BackupError::NotWhole(report.findings.iter().map(verify::Finding::to_text).collect()))
    }
}

/// Checkpoints by the name of their log.
type Seen = BTreeMap<String, Vec<(String, Checkpoint)>>;

fn witnessed(options: &RestoreOptions) -> Result<Seen, BackupError> {
    let mut seen = Seen::new();
    for (name, note) in &options.witnessed {
        let form = |source| BackupError::Checkpoint { name: name.clone(), source };
        let checkpoint = Checkpoint::parse(&note.text).map_err(form)?;
        seen.entry(checkpoint.origin.clone()).or_default().push((name.clone(), checkpoint));
    }
    Ok(seen)
}

/// Returns whether the log's own keys have signed the checkpoint; `false` when they are not known.
fn is_signed(part: &WorkspacePart, note: &SignedNote) -> Result<bool, String> {
    if part.log_keys.is_empty() {
        return Ok(false);
    }
    let lines: String = part.log_keys.iter().map(|key| format!("log {key}\n")).collect();
    let policy = Policy::parse(&format!("{lines}quorum none\n")).map_err(|error| error.to_string())?;
    policy.check_log(note).map(|_| true).map_err(|error| error.to_string())
}

/// Returns whether a file has entries of a log.
fn is_of_log(file: &StoredFile) -> bool {
    file.path.split('/').nth(2) == Some("log")
}

/// States in a workspace's log where it comes from and what may be lost.
fn state_loss(
    vault: &Vault,
    manifest: &Manifest,
    backup: &str,
    known: &Known<'_>,
    now: i64,
    options: &RestoreOptions,
) -> Result<RestoredWorkspace, BackupError> {
    let Known { part, note, checkpoint, witnessed, is_verified } = known;
    let n_lost = witnessed.as_ref().map_or(0, |seen| seen.size.saturating_sub(checkpoint.size));
    let lost = match n_lost {
        0 => format!("entries from {} on, as far as there were any after the backup was begun", checkpoint.size),
        n => format!("{n} entries from {} on, which witnesses have seen", checkpoint.size),
    };
    let keys = vault.keys(&part.name).unwrap_or_default();
    let origin = keys.first().map(|key| key.name().to_string()).unwrap_or_default();
    let document = json!({
        "origin": origin,
        "before": { "origin": checkpoint.origin, "checkpoint": note.to_text(), "keys": part.log_keys },
        "backup": { "name": backup, "made": manifest.made },
        "witnessed": witnessed.as_ref().map(|seen| json!({ "size": seen.size, "root": seen.root.to_string() })),
        "lost": lost,
        "isAccepted": options.accepted.contains(&part.name),
        "reason": options.reason,
        "restored": ticks_text(now),
    });
    let document = document.to_string();
    let statement = Statement {
        kind: ActKind::LossStated,
        subject: &checkpoint.origin,
        document: document.as_bytes(),
        authorities: &options.authorities,
    };
    vault.state(&part.name, statement)?;
    Ok(RestoredWorkspace {
        name: part.name.clone(),
        origin,
        size: checkpoint.size,
        n_lost_entries: n_lost,
        n_tail: part.tail.len(),
        is_verified: *is_verified,
    })
}

/// States all of it in one log.
fn state_summary(
    vault: &Vault,
    workspace: &str,
    restored: &Restored,
    options: &RestoreOptions,
) -> Result<(), BackupError> {
    let each = restored.workspaces.iter().map(|workspace| {
        json!({
            "name": workspace.name,
            "origin": workspace.origin,
            "size": workspace.size,
            "lostEntries": workspace.n_lost_entries,
        })
    });
    let root_key = restored.rotation.as_ref().map(|rotation| rotation.new.to_string());
    let document = json!({
        "backup": restored.backup,
        "workspaces": each.collect::<Vec<_>>(),
        "leftOut": restored.left_out,
        "rootKey": root_key,
        "reason": options.reason,
    });
    let document = document.to_string();
    let statement = Statement {
        kind: ActKind::LossStated,
        subject: "all workspaces",
        document: document.as_bytes(),
        authorities: &options.authorities,
    };
    vault.state(workspace, statement)?;
    Ok(())
}
