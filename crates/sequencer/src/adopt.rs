//! A new log that begins with the entries of another: what comes out of a backup goes on under a name of its own.
//!
//! ```text
//! entries of the old log ─► the same tree ─► first checkpoint of the new log, under its own name and key ─► state, tiles, checkpoint
//! ```
//!
//! The tree over the old entries is the same, so that whatever was proved of them can be proved again. The old log is not signed any more,
//! by anybody who begins here: two signed trees that contradict each other never bear one name.

use std::sync::{Arc, Mutex};

use tlog::note::SignedNote;
use tlog::tile::{TILE_WIDTH, Tile};

use crate::codec::Encoder;
use crate::error::AdoptError;
use crate::key::Keys;
use crate::publish::{Commit, CommittedLog, Publisher, log_folder, read_entries};
use crate::signed::{PATH as SIGNED_PATH, Signed, SignedFile};
use crate::state::{LogState, NodeState, time_of};
use crate::storage::Storage;
use crate::wal::{RotateError, Wal, WalOptions};
use crate::window::Window;

/// A log whose entries are in its folder, in files of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    pub workspace: String,
    /// How many entries there are.
    pub size: u64,
}

/// Begins new logs with the entries that are in their folders, in a folder that has no write-ahead log yet. Each gets the name of its keys.
///
/// # Errors
/// When there is a log already, an entry is missing or does not follow the one before, a key cannot be used, or something cannot be
/// written. What was written then is to be thrown away.
pub fn adopt(
    storage: Arc<dyn Storage>,
    keys: &dyn Keys,
    options: WalOptions,
    logs: &[Adopted],
) -> Result<(), AdoptError> {
    let io = |path: &str| {
        let path = path.to_string();
        move |source| AdoptError::Io { path, source }
    };
    let _lock = storage.lock("sequencer/lock").map_err(io("sequencer/lock"))?;
    if storage.read(SIGNED_PATH).map_err(io(SIGNED_PATH))?.is_some() {
        return Err(AdoptError::Exists { path: SIGNED_PATH.to_string() });
    }
    let mut wal = Wal::recover(storage.clone(), options, None, |path, _, _| {
        Err(crate::OpenError::Io { path: path.to_string(), source: std::io::ErrorKind::AlreadyExists.into() })
    })?;
    if wal.has_segment() {
        return Err(AdoptError::Exists { path: "wal".to_string() });
    }
    let mut state = NodeState::default();
    let signed = Arc::new(Mutex::new(SignedFile { storage: storage.clone(), signed: Signed::default() }));
    let mut publisher = Publisher::new(storage.clone(), signed.clone());
    for Adopted { workspace, size } in logs.iter().filter(|log| log.size > 0) {
        let log = read_log(&*storage, keys, workspace, *size, &mut state.time, &mut publisher)?;
        state.logs.insert(workspace.clone(), log);
    }
    let mut bytes = Encoder::default();
    bytes.bytes(&state.to_bytes());
    bytes.bytes(&Window::new(0).to_bytes());
    wal.rotate(&bytes.0, 0, false).map_err(|error| {
        let why = match error {
            RotateError::NoRoom(why) => why,
            RotateError::Stop(stop) => stop.to_string(),
        };
        AdoptError::Io { path: "wal".to_string(), source: std::io::Error::other(why) }
    })?;
    signed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).signed.oldest = wal.oldest();
    publisher.publish()?;
    Ok(())
}

/// Reads the entries of a log, hands them to the publisher, and returns where the log stands, signed by its own keys.
fn read_log(
    storage: &dyn Storage,
    keys: &dyn Keys,
    workspace: &str,
    size: u64,
    time: &mut i64,
    publisher: &mut Publisher,
) -> Result<LogState, AdoptError> {
    let refused = |why: String| AdoptError::Key { workspace: workspace.to_string(), why };
    let signers = keys.signers(workspace).map_err(refused)?;
    let origin = signers.first().map(|signer| signer.verifier().name().to_string());
    let origin = origin.ok_or_else(|| refused("there is none".to_string()))?;
    if signers.iter().any(|signer| signer.verifier().name() != origin) {
        return Err(refused("its keys are those of several logs".to_string()));
    }
    let mut log = LogState::new(origin);
    let mut all = Vec::new();
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let Some(tile) = Tile::of_log(0, index, size) else { break };
        let path = || format!("{}/{}", log_folder(workspace), tile.entries_path());
        let entries = read_entries(storage, workspace, tile).ok_or_else(|| AdoptError::Entries { path: path() })?;
        for bytes in &entries {
            let number = log.tree.size();
            let entry = log.apply(bytes).ok_or_else(|| AdoptError::Follows { path: path(), entry: number })?;
            *time = time_of(&entry).max(*time);
        }
        all.extend(entries);
    }
    let text = log.to_checkpoint().text();
    let signatures: Result<Vec<_>, String> = signers.iter().map(|signer| signer.sign(&text)).collect();
    let note = SignedNote { text, signatures: signatures.map_err(refused)? };
    log.checkpoint = Some(note.clone());
    let committed = CommittedLog {
        workspace: workspace.to_string(),
        entries: all,
        checkpoint: Arc::new(note),
        size: log.tree.size(),
        root: log.tree.root(),
    };
    publisher.add([Commit { frame: 0, logs: vec![committed] }]);
    Ok(log)
}
