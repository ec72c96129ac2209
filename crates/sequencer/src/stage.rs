//! Putting a group together: numbers, entries and new roots, on copies of the logs that it touches.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use tlog::entry::{Act, ActKind, BatchEntry, Entry, Heartbeat};
use tlog::note::SignedNote;
use tlog::{Hash, TextError};

use crate::error::{Stop, SubmitError};
use crate::group::{BatchData, Item};
use crate::key::{Keys, Signer, is_workspace_name};
use crate::request::{Prepared, Receipt, Request, SealedBatch};
use crate::state::{LogState, TableState, set_time};
use crate::window::{Answer, Window};

/// Tables in one heartbeat entry at most: each takes up to a name and 21 bytes, and an entry has 65,535.
const HEARTBEAT_TABLES_MAX: usize = 60;

/// What became of a request before its frame is written.
pub enum Outcome {
    Refused(SubmitError),
    /// It was answered before.
    Known(Receipt),
    Staged {
        entry: u64,
        records: Range<u64>,
    },
}

/// A group that is being put together.
pub struct Group<'a> {
    pub keys: &'a dyn Keys,
    pub window: &'a Window,
    /// The logs as they are.
    pub known: &'a BTreeMap<String, LogState>,
    /// Data of one batch in bytes at most.
    pub bytes_max: u64,
    /// The time of all entries.
    pub time: i64,
    /// The logs as they will be.
    pub logs: BTreeMap<String, StagedLog>,
    /// Batches of this group by workspace and request id.
    pub pending: BTreeMap<(String, [u8; 16]), PendingBatch>,
}

/// A batch of the group that may come a second time.
pub struct PendingBatch {
    table: String,
    content: [u8; 16],
    entry: u64,
    records: Range<u64>,
}

/// A log with the group's entries.
pub struct StagedLog {
    pub state: LogState,
    pub size_before: u64,
    /// Entries, and for batches the number of the request.
    pub items: Vec<(Item, Option<usize>)>,
    signers: Vec<Arc<dyn Signer>>,
}

impl StagedLog {
    fn append(&mut self, entry: &Entry, batch: Option<(usize, BatchData)>) -> Result<u64, SubmitError> {
        let bytes = entry.to_bytes().map_err(SubmitError::Entry)?;
        let index = self.state.tree.size();
        if self.state.apply(&bytes).is_none() {
            return Err(SubmitError::Stopped(Stop::Internal("a batch does not follow the one before".to_string())));
        }
        let (idx, batch) = batch.unzip();
        self.items.push((Item { entry: bytes, batch }, idx));
        Ok(index)
    }

    /// Signs the checkpoint over all entries.
    pub fn sign(&self) -> Result<SignedNote, String> {
        let text = self.state.to_checkpoint().text();
        let signatures: Result<Vec<_>, String> = self.signers.iter().map(|signer| signer.sign(&text)).collect();
        let note = SignedNote { text, signatures: signatures? };
        // A device that signs something else, or with another key, is found before anybody sees it.
        let is_valid = |signer: &Arc<dyn Signer>| {
            note.signatures.iter().any(|signature| signature.verify(&note.text, signer.verifier()).is_some())
        };
        if self.signers.iter().all(is_valid) { Ok(note) } else { Err("the signature is not valid".to_string()) }
    }
}

impl Group<'_> {
    /// Takes a request, the `idx`th of the group.
    pub fn stage(&mut self, idx: usize, prepared: &Prepared) -> Outcome {
        let staged = match &prepared.request {
            Request::Batch(batch) => return self.stage_batch(idx, batch, prepared.data_hash),
            Request::Entry { workspace, entry } => self.stage_entry(workspace, entry),
            Request::Heartbeat { workspace } => self.stage_heartbeat(workspace),
            Request::RotateKeys { workspace, authorities } => self.stage_rotation(workspace, authorities),
        };
        match staged {
            Ok(entry) => Outcome::Staged { entry, records: 0..0 },
            Err(error) => Outcome::Refused(error),
        }
    }

    fn stage_batch(&mut self, idx: usize, batch: &SealedBatch, hash: Hash) -> Outcome {
        if let Some(request) = batch.request {
            let answer = self.window.get(&batch.workspace, request);
            if let Some(Answer { table, content, receipt }) = answer {
                let is_same = *table == batch.table && *content == request.content;
                return if is_same {
                    Outcome::Known(receipt.clone())
                } else {
                    Outcome::Refused(SubmitError::RequestReused)
                };
            }
            if let Some(pending) = self.pending.get(&(batch.workspace.clone(), request.id)) {
                let is_same = pending.table == batch.table && pending.content == request.content;
                return if is_same {
                    Outcome::Staged { entry: pending.entry, records: pending.records.clone() }
                } else {
                    Outcome::Refused(SubmitError::RequestReused)
                };
            }
        }
        let bytes = (batch.leaf_material.len() + batch.payload.len()) as u64;
        let bytes_max = self.bytes_max;
        if bytes > bytes_max {
            return Outcome::Refused(SubmitError::TooLarge { bytes, bytes_max });
        }
        let time = self.time;
        let staged = self.log(&batch.workspace).and_then(|log| {
            let TableState { next, prev } = log.state.tables.get(&batch.table).cloned().unwrap_or_default();
            let entry = BatchEntry {
                table: batch.table.clone(),
                schema_id: batch.schema_id,
                schema_hash: batch.schema_hash,
                first: next,
                count: batch.count,
                time,
                root: batch.root,
                prev,
            };
            let records = next..entry.end();
            let data = BatchData {
                request: batch.request,
                leaf_material_len: batch.leaf_material.len() as u64,
                payload_len: batch.payload.len() as u64,
                hash,
            };
            Ok((log.append(&Entry::Batch(entry), Some((idx, data)))?, records))
        });
        self.forget_if_empty(&batch.workspace);
        match staged {
            Err(error) => Outcome::Refused(error),
            Ok((entry, records)) => {
                if let Some(request) = batch.request {
                    let key = (batch.workspace.clone(), request.id);
                    let (table, content, records) = (batch.table.clone(), request.content, records.clone());
                    self.pending.insert(key, PendingBatch { table, content, entry, records });
                }
                Outcome::Staged { entry, records }
            }
        }
    }

    fn stage_entry(&mut self, workspace: &str, entry: &Entry) -> Result<u64, SubmitError> {
        let is_ours = match entry {
            Entry::Batch(_) | Entry::Heartbeat(_) => true,
            Entry::Act(act) => matches!(act.kind, ActKind::KeyAdded | ActKind::KeyRetired),
            _ => false,
        };
        if is_ours {
            let why = "entries of this kind are made by the sequencer only".to_string();
            return Err(SubmitError::Entry(TextError { what: "entry", line: 1, why }));
        }
        let mut entry = entry.clone();
        set_time(&mut entry, self.time);
        let staged = self.log(workspace).and_then(|log| log.append(&entry, None));
        self.forget_if_empty(workspace);
        staged
    }

    fn stage_heartbeat(&mut self, workspace: &str) -> Result<u64, SubmitError> {
        let time = self.time;
        let log = self.log(workspace)?;
        let tables: Vec<(String, u64)> =
            log.state.tables.iter().map(|(name, table)| (name.clone(), table.next)).collect();
        let mut parts: Vec<&[(String, u64)]> = tables.chunks(HEARTBEAT_TABLES_MAX).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let mut entry = 0;
        for tables in parts {
            entry = log.append(&Entry::Heartbeat(Heartbeat { time, tables: tables.to_vec() }), None)?;
        }
        Ok(entry)
    }

    fn stage_rotation(&mut self, workspace: &str, authorities: &[String]) -> Result<u64, SubmitError> {
        let (keys, time) = (self.keys, self.time);
        let error = |why: &str| SubmitError::Key { workspace: workspace.to_string(), why: why.to_string() };
        let signers = keys.signers(workspace).map_err(|why| error(&why))?;
        let log = self.log(workspace)?;
        let before: Vec<(String, u32)> =
            log.signers.iter().map(|signer| (signer.verifier().to_string(), signer.verifier().id())).collect();
        let signed_before: Vec<u32> =
            log.state.checkpoint.iter().flat_map(|note| &note.signatures).map(|s| s.id).collect();
        let is_before = |signer: &Arc<dyn Signer>| before.iter().any(|(key, _)| *key == signer.verifier().to_string());
        if signers.iter().any(|signer| signer.verifier().name() != log.state.origin) {
            return Err(error("a key has another name than the log"));
        }
        let mut acts: Vec<(ActKind, String)> = Vec::new();
        for signer in signers.iter().filter(|signer| !is_before(signer)) {
            acts.push((ActKind::KeyAdded, signer.verifier().to_string()));
        }
        for id in signed_before.iter().filter(|id| !signers.iter().any(|signer| signer.verifier().id() == **id)) {
            acts.push((ActKind::KeyRetired, format!("{}+{id:08x}", log.state.origin)));
        }
        let staged = if acts.is_empty() {
            Err(error("its keys are those that signed before"))
        } else {
            let mut last = Err(error("no act"));
            for (kind, subject) in acts {
                let document = Hash::of(subject.as_bytes());
                let act = Act { kind, subject, document, authorities: authorities.to_vec(), time };
                last = log.append(&Entry::Act(act), None);
                if last.is_err() {
                    break;
                }
            }
            last
        };
        if staged.is_ok() {
            log.signers = signers;
        }
        self.forget_if_empty(workspace);
        staged
    }

    /// Returns a log as the group has it so far, a new one for a workspace without.
    fn log(&mut self, workspace: &str) -> Result<&mut StagedLog, SubmitError> {
        if !self.logs.contains_key(workspace) {
            let log = self.begin(workspace)?;
            self.logs.insert(workspace.to_string(), log);
        }
        let internal = || SubmitError::Stopped(Stop::Internal("a log got lost".to_string()));
        self.logs.get_mut(workspace).ok_or_else(internal)
    }

    fn begin(&self, workspace: &str) -> Result<StagedLog, SubmitError> {
        let error = |why: &str| SubmitError::Key { workspace: workspace.to_string(), why: why.to_string() };
        if !is_workspace_name(workspace) {
            return Err(error("it is not a workspace's name"));
        }
        let mut signers = self.keys.signers(workspace).map_err(|why| error(&why))?;
        let known = self.known.get(workspace);
        let name = signers.first().map(|signer| signer.verifier().name().to_string());
        let origin = known.map(|log| log.origin.clone()).or(name).ok_or_else(|| error("it has no key"))?;
        if signers.iter().any(|signer| signer.verifier().name() != origin) {
            return Err(error("a key has another name than the log"));
        }
        if let Some(checkpoint) = known.and_then(|log| log.checkpoint.as_ref()) {
            // Other keys may sign once the log says so.
            signers.retain(|signer| checkpoint.signatures.iter().any(|signature| signature.is_by(signer.verifier())));
        }
        if signers.is_empty() {
            return Err(error("no key that signed the last checkpoint is at hand"));
        }
        let state = known.cloned().unwrap_or_else(|| LogState::new(origin));
        Ok(StagedLog { size_before: state.tree.size(), state, items: Vec::new(), signers })
    }

    /// Drops a log to which nothing was appended after all.
    fn forget_if_empty(&mut self, workspace: &str) {
        if self.logs.get(workspace).is_some_and(|log| log.items.is_empty()) {
            self.logs.remove(workspace);
        }
    }
}
