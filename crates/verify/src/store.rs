//! The store as a whole: what is looked at, in which order.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use keys::KeyError;
use sequencer::storage::{Disk, Storage};
use sequencer::{OpenError, SIGNED_PATH, Signed, checkpoint_path, is_workspace_name, log_folder, witnessed_path};
use tlog::{Checkpoint, Hash, Policy};

use crate::access::Access;
use crate::acts::check_acts;
use crate::checkpoint::{Head, check_checkpoint, check_signed, check_witnessed};
use crate::extents::{StoredExtent, check_extents, find_missing, find_unnamed, live_extents};
use crate::keys::{check_key_files, check_origin, keys_of, own_policy};
use crate::later::Later;
use crate::log::{LogContent, read_log};
use crate::options::{Depth, Options};
use crate::records::check_records;
use crate::report::{Finding, LogReport, Report};
use crate::run::{Progress, Run};
use crate::schemas::{Schemas, check_schemas};
use crate::stamps::{check_stamps, read_stamps};
use crate::statements::check_statements;
use crate::wal::{WalContent, check_wal_log, read_wal};

/// The lock of a store.
const LOCK: &str = "sequencer/lock";
/// The mark that something is to be forgotten.
const FORGETTING: &str = "forgetting";

/// Why a store cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("`{path}` is no folder of a store: it has none of `ws`, `wal` and `sequencer`")]
    NoStore { path: PathBuf },
    #[error("there is no workspace `{name}` in the store")]
    UnknownWorkspace { name: String },
    #[error("cannot read `{path}`")]
    Io { path: PathBuf, source: io::Error },
    /// The passphrase is another, or the keys are damaged.
    #[error("cannot use the keys of the store")]
    Keys(#[from] KeyError),
    #[error("cannot read the write-ahead log")]
    Wal(#[source] OpenError),
}

/// A log that was read, and what was read along the way.
struct Log {
    content: LogContent,
    schemas: Schemas,
}

/// Verifies the store in a folder, without changing anything. A store that another process has is verified as far as it is published.
///
/// # Errors
/// When it is no store, or the folder cannot be read. Everything that is wrong with a store is in the report.
pub fn verify_store(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, VerifyError> {
    if !["ws", "wal", "sequencer"].iter().any(|name| root.join(name).is_dir()) {
        return Err(VerifyError::NoStore { path: root.to_path_buf() });
    }
    let io = |source| VerifyError::Io { path: root.to_path_buf(), source };
    let storage = Disk::open(root).map_err(io)?;
    let access = Access::open(root, options.passphrase.as_ref())?;
    // A lock is taken only where there is one: nothing is written.
    let lock = root.join(LOCK).is_file().then(|| storage.lock(LOCK));
    let is_in_use = matches!(&lock, Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock);
    let run = Run::new(root, storage, options, access, is_in_use, progress);
    if let Some(Err(error)) = lock.as_ref().filter(|_| !is_in_use) {
        run.leave(LOCK, 0, format!("whether another process has the store: {error}"));
    }
    check_store(&run)?;
    Ok(run.into_report())
}

fn check_store(run: &Run<'_>) -> Result<(), VerifyError> {
    let signed = read_signed(run);
    let wal = if run.is_in_use {
        let bytes =
            run.files("wal").iter().filter_map(|path| run.path(path).metadata().ok()).map(|file| file.len()).sum();
        run.leave("wal", bytes, "another process writes it");
        WalContent::default()
    } else {
        let oldest = signed.as_ref().map(|(signed, _)| signed.oldest);
        read_wal(run, oldest).map_err(VerifyError::Wal)?
    };
    if run.path(FORGETTING).is_file() {
        run.leave("wal", 0, "what was erased or destroyed is to be forgotten in it, and may be there yet");
    }
    let names = workspaces(run, signed.as_ref().map(|(signed, _)| signed), &wal)?;
    let mut origins = Vec::new();
    let mut logs = Vec::new();
    for name in &names {
        let is_signed = signed.as_ref().is_some_and(|(signed, _)| signed.logs.contains_key(name));
        let has_log = is_signed || wal.scan.logs.contains_key(name) || run.path(&log_folder(name)).is_dir();
        let policy = own_policy(&keys_of(run, name, has_log));
        let Some((head, log)) = check_workspace(run, name, signed.as_ref(), &wal, policy.as_ref()) else { continue };
        if head.is_signed {
            origins.push((name.clone(), head.origin.clone()));
        }
        logs.push(log);
    }
    for (name, checkpoint) in pins(run) {
        let is_here = run.with(|report| report.logs.iter().any(|log| log.origin == checkpoint.origin));
        if !is_here && run.options.workspace.is_none() {
            let what = format!("there is no log `{}`, of which `{name}` is a checkpoint", checkpoint.origin);
            run.find(Finding::new("ws", what));
        } else if !is_here {
            run.leave("ws", 0, format!("`{name}`, a checkpoint of another log than was asked for"));
        }
    }
    check_origin(run, &origins);
    check_key_files(run);
    check_files(run, &logs, &wal);
    leave_others(run);
    Ok(())
}

/// Reads the file of what was signed; returns its length with it.
fn read_signed(run: &Run<'_>) -> Option<(Signed, u64)> {
    // A store that is being made publishes nothing before this file is there.
    let is_published = |name: &String| run.path(&checkpoint_path(name)).is_file();
    let is_due = run.folders("ws").iter().any(|name| !run.is_in_use || is_published(name));
    let Some(bytes) = run.read(SIGNED_PATH) else {
        if is_due {
            run.find(Finding::new(SIGNED_PATH, "it is missing"));
        }
        return None;
    };
    let signed = Signed::parse(&bytes);
    if signed.is_none() {
        run.find(Finding::new(SIGNED_PATH, "it has another hash than it says").at(0..bytes.len() as u64));
    }
    Some((signed?, bytes.len() as u64))
}

/// Returns the workspaces that anything knows of.
fn workspaces(run: &Run<'_>, signed: Option<&Signed>, wal: &WalContent) -> Result<BTreeSet<String>, VerifyError> {
    let mut names: BTreeSet<String> = run.folders("ws").into_iter().chain(run.folders("keys")).collect();
    names.extend(signed.iter().flat_map(|signed| signed.logs.keys().cloned()));
    names.extend(wal.scan.logs.keys().cloned());
    for name in names.extract_if(.., |name| !is_workspace_name(name)) {
        run.leave(name, 0, "a folder whose name no workspace has");
    }
    match &run.options.workspace {
        Some(name) if names.contains(name) => Ok(BTreeSet::from([name.clone()])),
        Some(name) => Err(VerifyError::UnknownWorkspace { name: name.clone() }),
        None => Ok(names),
    }
}

/// Verifies the log and the schemas of a workspace; `None` when it has no log.
fn check_workspace(
    run: &Run<'_>,
    workspace: &str,
    signed: Option<&(Signed, u64)>,
    wal: &WalContent,
    own: Option<&Policy>,
) -> Option<(Head, Log)> {
    let wal_log = wal.scan.logs.get(workspace);
    // These are of earlier checkpoints than the published one, and are read before it, for a log may grow meanwhile.
    let stamps = read_stamps(run, workspace);
    let witnessed = check_witnessed(run, workspace, own);
    let seen = witnessed.as_ref().map(|(checkpoint, _)| checkpoint);
    let head = check_checkpoint(run, workspace, own, signed.map(|(signed, _)| signed), wal_log, seen);
    let head = match head {
        Some(head) => head,
        // Nothing was published yet; what is in the folder all the same is a finding.
        None => Head {
            origin: wal_log.map(|log| log.origin.clone()).unwrap_or_default(),
            size: 0,
            root: Hash::EMPTY_ROOT,
            sighting: None,
            is_signed: false,
        },
    };
    let of_signed = signed.and_then(|(signed, len)| Some((*signed.logs.get(workspace)?, *len)));
    if let Some((of, len)) = of_signed {
        check_signed(run, SIGNED_PATH, len, workspace, of, Some(&head));
    }
    let mut pins = pins(run);
    pins.retain(|(_, checkpoint)| checkpoint.origin == head.origin);
    check_pins_signed(run, &head, own);
    let mut sizes: BTreeSet<u64> = pins.iter().map(|(_, checkpoint)| checkpoint.size).collect();
    sizes.extend(of_signed.map(|((size, _), _)| size));
    sizes.extend(wal_log.iter().flat_map(|log| log.roots.keys()));
    sizes.extend(witnessed.as_ref().map(|(checkpoint, _)| checkpoint.size));
    sizes.extend(stamps.iter().map(|stamp| stamp.checkpoint.size));
    let later = Later::new(run.options.policy.as_ref().or(own).cloned());
    let content = read_log(run, workspace, &head, wal_log, sizes, later);
    if let Some(found) = content.roots.get(&head.size).filter(|found| **found != head.root) {
        let what = "its root is not that of the entries";
        run.find(Finding::new(checkpoint_path(workspace), what).differs(head.root, found));
    }
    if let Some(((size, root), len)) = of_signed
        && let Some(found) = content.roots.get(&size).filter(|found| **found != root)
    {
        let what = format!("its root for {size} entries of `{workspace}` is not that of the entries");
        run.find(Finding::new(SIGNED_PATH, what).at(0..len).differs(found, root));
    }
    if let Some((checkpoint, len)) = witnessed {
        check_known(
            run,
            &witnessed_path(workspace),
            &checkpoint,
            &content,
            Some(len),
            "the checkpoint that witnesses saw",
        );
    }
    check_stamps(run, &content, &head.origin, &stamps, own);
    for (name, checkpoint) in pins {
        check_known(
            run,
            &checkpoint_path(workspace),
            &checkpoint,
            &content,
            None,
            &format!("the checkpoint in `{name}`"),
        );
    }
    if !run.is_in_use {
        check_wal_log(run, &content, wal_log, &wal.scan, own);
    }
    run.with(|report| {
        report.counts.n_entries += content.size;
        let batches = content.catalog.tables.values();
        report.counts.n_batches += batches.clone().map(|table| table.batches.len() as u64).sum::<u64>();
        report.counts.n_records += batches.map(extents::TableCatalog::next).sum::<u64>();
        report.logs.push(LogReport {
            workspace: workspace.to_string(),
            origin: head.origin.clone(),
            size: head.size,
            root: head.root,
            sighting: head.sighting.clone(),
        });
    });
    check_acts(run, &content);
    let schemas = check_schemas(run, &content);
    check_statements(run, &content);
    Some((head, Log { content, schemas }))
}

/// Returns the checkpoints that somebody kept.
fn pins(run: &Run<'_>) -> Vec<(String, Checkpoint)> {
    let parsed = run.options.pinned.iter();
    parsed.filter_map(|(name, note)| Some((name.clone(), Checkpoint::parse(&note.text).ok()?))).collect()
}

/// Makes sure that what somebody kept was signed by the log.
fn check_pins_signed(run: &Run<'_>, head: &Head, own: Option<&Policy>) {
    let Some(policy) = run.options.policy.as_ref().or(own) else { return };
    for (name, note) in &run.options.pinned {
        let is_own = Checkpoint::parse(&note.text).is_ok_and(|checkpoint| checkpoint.origin == head.origin);
        if let Some(error) = policy.check_log(note).err().filter(|_| is_own) {
            run.find(Finding::new(name, error.to_string()));
        }
    }
}

/// Makes sure that a log has grown from a checkpoint that somebody has.
fn check_known(run: &Run<'_>, path: &str, known: &Checkpoint, content: &LogContent, len: Option<u64>, who: &str) {
    let finding = |what: String| Finding { range: len.map(|len| 0..len), ..Finding::new(path, what) };
    match content.roots.get(&known.size) {
        Some(root) if *root == known.root => {}
        Some(root) => {
            let what = format!("{who} is of another history: the root of its {} entries is another", known.size);
            run.find(finding(what).differs(known.root, root));
        }
        None if content.size < known.size => {
            let what = format!("{who} has more entries than the log");
            run.find(finding(what).differs(known.size, content.size));
        }
        None => run.leave(path, 0, format!("whether the log has grown from {who}: its entries cannot be read")),
    }
}

/// Verifies the files of all workspaces.
fn check_files(run: &Run<'_>, logs: &[Log], wal: &WalContent) {
    let extents: Vec<Vec<StoredExtent<'_>>> = logs.iter().map(|log| live_extents(run, &log.content)).collect();
    for (log, extents) in logs.iter().zip(&extents) {
        find_unnamed(run, &log.content, extents);
        for (table, catalog) in log.content.catalog.tables.iter().filter(|_| !run.is_in_use) {
            let key = (log.content.workspace.clone(), table.clone());
            let in_wal = wal.records.get(&key).map_or(&[][..], Vec::as_slice);
            find_missing(run, &log.content.workspace, table, catalog, in_wal);
        }
    }
    let n_records: u64 = extents.iter().flatten().map(|extent| extent.extent().rows).sum();
    let is_deep = match run.options.depth {
        Depth::Files => false,
        Depth::Records => true,
        Depth::BySize => n_records <= Options::SMALL_RECORDS,
    };
    run.with(|report| report.is_deep = is_deep);
    let mut deep = Vec::new();
    for (log, extents) in logs.iter().zip(&extents) {
        let whole = check_extents(run, extents);
        for (extent, is_whole) in extents.iter().zip(whole) {
            if is_whole == Some(true) {
                deep.push((extent, &log.schemas));
            } else if is_deep && is_whole == Some(false) {
                run.leave(extent.path(), extent.extent().bytes, "its records: the file or its seeds are not whole");
            }
        }
    }
    if is_deep {
        check_records(run, &deep);
    } else if n_records > 0 {
        run.leave("ws", 0, format!("{n_records} records in files, each by itself: only the bytes of their files"));
    }
}

/// Says which files at the top nothing says anything about.
fn leave_others(run: &Run<'_>) {
    let is_known = |path: &String| {
        let top = path.split('/').next().unwrap_or_default();
        matches!(top, "ws" | "wal" | "keys" | "origin" | FORGETTING) || path == SIGNED_PATH
    };
    for path in run.files("").iter().filter(|path| !is_known(path)) {
        let bytes = run.path(path).metadata().map_or(0, |file| file.len());
        if bytes > 0 && !run.is_leftover(path) {
            run.leave(path, bytes, "no part of what is sealed");
        }
    }
    for workspace in run.folders("ws") {
        let folder = format!("ws/{workspace}/");
        for path in run.files(&format!("ws/{workspace}")) {
            let part = path.strip_prefix(&folder).and_then(|path| path.split('/').next()).unwrap_or_default();
            let is_known = matches!(part, "log" | "schema" | "data" | "seeds" | "acts" | "statements");
            if !is_known && !run.is_leftover(&path) {
                let bytes = run.path(&path).metadata().map_or(0, |file| file.len());
                run.leave(path, bytes, "no part of what is sealed");
            }
        }
    }
}
