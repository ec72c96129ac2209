//! Acts of management on this machine, written down before they are done and again when they are over.
//!
//! ```text
//! server ──────────────────────────────────────────────► AzureActivity in the store's own workspace
//! another process ─ note, durable ─ server, soon or at its next start ─┘
//! ```
//!
//! Only the server writes into the store. What another process does, such as making a token, is noted in a file beside it first.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use audit::{ActivityRecord, ActivityStatus, Operation};
use serde_json::Value;
use stdx::{Clock, SystemClock};

use crate::store::StoreAudit;

/// The file of notes in a server's folder.
const NOTES: &str = "activities";
/// How often a server looks for notes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Returns the record of an act of this machine's user that is about to begin.
pub fn activity(operation: Operation, resource: String, mut properties: Vec<(String, String)>) -> ActivityRecord {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    properties.extend(user.map(|user| ("user".to_string(), user)));
    let uid = std::fs::metadata("/proc/self").map(|process| process.uid());
    ActivityRecord {
        time: SystemClock.now_ticks(),
        operation,
        status: ActivityStatus::Started,
        caller: uid.map_or_else(|_| "unknown".to_string(), |uid| format!("uid:{uid}")),
        caller_id: String::new(),
        caller_address: String::new(),
        correlation_id: uuid::Uuid::new_v4().to_string(),
        resource,
        properties,
    }
}

/// Returns the record that an act is over.
pub fn ended<T>(record: &ActivityRecord, done: &anyhow::Result<T>) -> ActivityRecord {
    let now = SystemClock.now_ticks();
    match done {
        Ok(_) => record.then(now, ActivityStatus::Succeeded, None),
        Err(error) => record.then(now, ActivityStatus::Failed, Some(("error", format!("{error:#}")))),
    }
}

/// Notes of acts in a server's folder that are in no store yet.
pub struct Notes {
    path: PathBuf,
}

impl Notes {
    /// Returns the notes in a server's folder.
    pub fn of(data: &Path) -> Notes {
        Notes { path: data.join(NOTES) }
    }

    /// Does something once it is noted that it is about to be done. `id` names what was made.
    pub fn act<T>(
        &self,
        record: &ActivityRecord,
        work: impl FnOnce() -> anyhow::Result<T>,
        id: impl FnOnce(&T) -> Option<String>,
    ) -> anyhow::Result<T> {
        self.add(record).context("it cannot be written down, and is not done")?;
        let done = work();
        let mut over = ended(record, &done);
        over.properties.extend(done.as_ref().ok().and_then(id).map(|id| ("id".to_string(), id)));
        if let Err(error) = self.add(&over) {
            eprintln!("vidimus: the end of the act cannot be written down: {error:#}");
        }
        done
    }

    fn add(&self, record: &ActivityRecord) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", self.path.display());
        let is_new = !self.path.exists();
        let mut file = self.open().with_context(failed)?;
        let is_torn = ends_torn(&mut file).with_context(failed)?;
        // A note that a process could not end is not to take this one with it.
        let line = format!("{}{}\n", if is_torn { "\n" } else { "" }, record.to_json());
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
        if let Some(folder) = self.path.parent().filter(|_| is_new) {
            File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)?;
        }
        Ok(())
    }

    /// Opens the file, which is locked until it is closed.
    fn open(&self) -> std::io::Result<File> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        file.lock()?;
        Ok(file)
    }

    /// Brings all notes into a store. One that came there before, and was not forgotten here, is not taken twice.
    pub fn bring(&self, store: &StoreAudit) -> anyhow::Result<()> {
        let failed = || format!("cannot read {}", self.path.display());
        if std::fs::metadata(&self.path).map_or(0, |file| file.len()) == 0 {
            return Ok(());
        }
        let mut file = self.open().with_context(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(failed)?;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // What is no record goes to the quarantine.
            let note: Option<Value> = serde_json::from_slice(line).ok();
            let id = note.as_ref().and_then(|note| note["EventDataId"].as_str());
            store.seal_note(line, id).context("cannot bring notes of acts into the store")?;
        }
        file.set_len(0).and_then(|()| file.sync_all()).with_context(failed)
    }
}

/// Returns whether a file ends within a line.
fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// A thread that brings notes into a store as they come.
pub struct Carrier {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Carrier {
    /// Starts to look for notes.
    pub fn start(notes: Notes, store: StoreAudit) -> anyhow::Result<Carrier> {
        let (stop, stopped) = channel();
        let mut last = String::new();
        let work = move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                let error = notes.bring(&store).err().map(|error| format!("{error:#}")).unwrap_or_default();
                if error != last && !error.is_empty() {
                    eprintln!("vidimus: {error}");
                }
                last = error;
            }
        };
        let thread =
            std::thread::Builder::new().name("activities".to_string()).spawn(work).context("cannot start a thread")?;
        Ok(Carrier { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_note_does_not_take_the_next_one_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::of(folder.path());
        std::fs::write(&notes.path, "{\"torn\":").unwrap();
        let record = activity(Operation::RevokeToken, "tokens/t".to_string(), Vec::new());
        let done: anyhow::Result<()> = notes.act(&record, || anyhow::bail!("no such token"), |_| None);
        assert!(done.is_err());
        let text = std::fs::read_to_string(&notes.path).unwrap();
        let lines: Vec<Option<Value>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        let [None, Some(begun), Some(over)] = lines.as_slice() else { panic!("{text}") };
        assert_eq!((&begun["ActivityStatusValue"], &over["ActivityStatusValue"]), (&"Start".into(), &"Failure".into()));
        assert_eq!(over["Properties_d"]["error"], "no such token");
        assert_eq!(begun["CorrelationId"], over["CorrelationId"]);
    }
}
