//! Numbering, signing and writing, one group after the other, without threads.
//!
//! ```text
//! requests ─ stage ─► entries, new roots ─ sign ─► checkpoints ─ one frame, flushed ─► receipts, work for the publisher
//! ```
//!
//! Nothing of the state changes before the flush has succeeded, and nothing that was signed leaves before either. After a flush that
//! failed nothing is signed any more: what is on the disk is unknown, and only a restart can find out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use stdx::Clock;
use tlog::entry::{Act, ActKind, BatchEntry, Entry, Heartbeat};
use tlog::note::SignedNote;
use tlog::{Checkpoint, Hash, TextError, ticks_text};

use crate::error::{OpenError, Stop, SubmitError};
use crate::group::{BatchData, GroupLog, Item, group_bytes, parse_group};
use crate::key::{Keys, Signer, is_workspace_name};
use crate::publish::{Commit, CommittedLog, Publisher, checkpoint_path};
use crate::request::{Level, Prepared, Receipt, Request, RequestId, SealedBatch, StoredBatch, data_hash};
use crate::signed::{PATH as SIGNED_PATH, Signed, SignedFile};
use crate::state::{LogState, NodeState, TableState, set_time, time_of};
use crate::storage::Storage;
use crate::wal::{Frame, FrameKind, RotateError, TableEnds, Wal, WalOptions, frame_len};
use crate::window::{Answer, Window};

/// How long a caller waits before it asks again when there is no room.
const RETRY_AFTER_MS: u64 = 1_000;
/// Tables in one heartbeat entry at most: each takes up to a name and 21 bytes, and an entry has 65,535.
const HEARTBEAT_TABLES_MAX: usize = 60;

/// Sizes and limits.
#[derive(Debug, Clone)]
pub struct Options {
    pub wal: WalOptions,
    /// Data of one group in bytes at most.
    pub group_bytes_max: u64,
    /// Request ids that are remembered at least until so many others have come.
    pub request_window: usize,
    /// Ticks by which the clock may go back; entries keep the last time until it has caught up.
    pub clock_back_ticks_max: i64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            wal: WalOptions { segment_bytes: 64 << 20, segments_max: 64 },
            group_bytes_max: 16 << 20,
            request_window: 65_536,
            clock_back_ticks_max: 10_000_000,
        }
    }
}

/// The one who numbers and signs, without threads of its own.
pub struct Core {
    clock: Arc<dyn Clock>,
    keys: Box<dyn Keys>,
    options: Options,
    wal: Wal,
    state: NodeState,
    window: Window,
    stop: Option<Stop>,
    signed: Arc<Mutex<SignedFile>>,
    released: TableEnds,
    published_frame: u64,
    /// What is durable and not yet with the publisher.
    commits: Vec<Commit>,
    _lock: Box<dyn Send>,
}

/// What others know of each workspace's log.
type Claims = BTreeMap<String, Vec<Claim>>;

/// That somebody has seen a log with so many entries and this root.
struct Claim {
    witness: String,
    size: u64,
    root: Hash,
}

impl Core {
    /// Reads the write-ahead log, compares it with what else is known, and returns a core and the publisher that goes with it. Every
    /// batch in the write-ahead log is shown to `on_batch`, in order; those that were released may be among them.
    ///
    /// A core that may not sign is returned all the same: it answers with the reason.
    ///
    /// # Errors
    /// When the write-ahead log is damaged or incomplete, the storage does not work, or another process has it.
    pub fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        keys: Box<dyn Keys>,
        options: Options,
        mut on_batch: impl FnMut(StoredBatch),
    ) -> Result<(Core, Publisher), OpenError> {
        let lock = storage.lock("sequencer/lock").map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::Locked,
            _ => OpenError::Io { path: "sequencer/lock".to_string(), source: error },
        })?;
        let mut stop = None;
        let (signed, mut claims) = read_claims(&*storage, &mut stop)?;
        let mut replay = Replay {
            state: None,
            base: NodeState::default(),
            window: Window::new(options.request_window),
            entries: BTreeMap::new(),
            stop: None,
            claims: &mut claims,
        };
        let oldest = signed.as_ref().map(|signed| signed.oldest);
        let wal = Wal::recover(storage.clone(), options.wal.clone(), oldest, |path, at, frame| {
            replay.frame(path, at, frame, &mut on_batch)
        })?;
        let Replay { state, base, window, entries, stop: contradiction, .. } = replay;
        let state = state.unwrap_or_default();
        let stop = stop.or(contradiction).or_else(|| behind(&state, &claims));
        let n_frames = wal.next_frame() - 1;
        let stop = stop.or_else(|| {
            let is_lost = signed.is_none() && n_frames > 1;
            let why = "it is missing, and there is a write-ahead log".to_string();
            is_lost.then(|| Stop::Evidence { path: SIGNED_PATH.to_string(), why })
        });
        let signed = SignedFile { storage: storage.clone(), signed: signed.unwrap_or_default() };
        let signed = Arc::new(Mutex::new(signed));
        let mut core = Core {
            clock,
            keys,
            options,
            wal,
            state,
            window,
            stop,
            signed: signed.clone(),
            released: TableEnds::new(),
            published_frame: 0,
            commits: Vec::new(),
            _lock: lock,
        };
        if core.stop.is_none() {
            core.stop = core.check_clock().err().or_else(|| core.foreign_key());
        }
        if core.stop.is_none() {
            core.start()?;
        }
        let mut publisher = Publisher::new(storage, signed);
        if core.stop.is_none() {
            for (workspace, log) in &core.state.logs {
                let base = base.logs.get(workspace);
                publisher.open(workspace, log, base, entries.get(workspace).map_or(&[], Vec::as_slice));
            }
            publisher.frame = n_frames;
        }
        Ok((core, publisher))
    }

    /// Makes the first file, and the file of what was signed.
    fn start(&mut self) -> Result<(), OpenError> {
        if !self.wal.has_segment() {
            self.wal.rotate(&self.state.to_bytes(), 0).map_err(|error| {
                let why = match error {
                    RotateError::NoRoom(why) => why,
                    RotateError::Stop(stop) => stop.to_string(),
                };
                OpenError::Io { path: "wal".to_string(), source: std::io::Error::other(why) }
            })?;
        }
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if signed.signed.oldest == 0 {
            signed.signed.oldest = self.wal.oldest();
        }
        // Also when it is there: a process that died may have left it in memory only.
        signed.save().map_err(OpenError::io(SIGNED_PATH))
    }

    /// Returns why nothing is signed; `None` while all is well.
    pub fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Signs nothing any more.
    pub fn stop(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }

    /// Returns the workspaces, and the size of the log of each.
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        self.state.logs.iter().map(|(workspace, log)| (workspace.clone(), log.tree.size())).collect()
    }

    /// Returns how many files of the write-ahead log are in use.
    pub fn n_segments(&self) -> usize {
        self.wal.n_segments()
    }

    /// Returns how many bytes were written to the write-ahead log since the start.
    pub fn n_wal_bytes(&self) -> u64 {
        self.wal.n_bytes()
    }

    /// Gives out what was committed since the last time, for the publisher.
    pub fn take_commits(&mut self) -> Vec<Commit> {
        std::mem::take(&mut self.commits)
    }

    /// Takes note that all frames up to this one are published.
    pub fn set_published(&mut self, frame: u64) {
        self.published_frame = self.published_frame.max(frame);
    }

    /// Takes note that all records of a table below `next` are durable elsewhere.
    pub fn release_up_to(&mut self, workspace: &str, table: &str, next: u64) {
        let end = self.released.entry((workspace.to_string(), table.to_string())).or_default();
        *end = next.max(*end);
    }

    /// Gives up the files that nobody needs any more.
    pub fn recycle(&mut self) {
        let oldest = self.wal.oldest_needed(self.published_frame, &self.released);
        if self.stop.is_some() || oldest <= self.wal.oldest() {
            return;
        }
        let saved = {
            let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
            signed.signed.oldest = oldest;
            signed.save().map_err(|error| Stop::Flush { path: SIGNED_PATH.to_string(), why: error.to_string() })
        };
        if let Err(stop) = saved.and_then(|()| self.wal.recycle(oldest)) {
            self.stop = Some(stop);
        }
    }

    /// Commits a group of requests in one frame and returns, in the same order, what became of each.
    pub fn commit(&mut self, requests: Vec<Request>) -> Vec<Result<Receipt, SubmitError>> {
        let prepared: Vec<Prepared> = requests.into_iter().map(Prepared::new).collect();
        self.commit_prepared(&prepared)
    }

    pub(crate) fn commit_prepared(&mut self, requests: &[Prepared]) -> Vec<Result<Receipt, SubmitError>> {
        if self.stop.is_none() {
            self.stop = self.check_clock().err();
        }
        if let Some(stop) = &self.stop {
            return requests.iter().map(|_| Err(SubmitError::Stopped(stop.clone()))).collect();
        }
        let time = self.clock.now_ticks().max(self.state.time);
        let mut group = Group { core: self, time, logs: BTreeMap::new(), pending: BTreeMap::new() };
        let outcomes: Vec<Outcome> =
            requests.iter().enumerate().map(|(idx, prepared)| group.stage(idx, prepared)).collect();
        let mut failed = BTreeMap::new();
        let logs = std::mem::take(&mut group.logs);
        let mut signed = BTreeMap::new();
        for (workspace, log) in logs {
            match log.sign() {
                Ok(checkpoint) => signed.insert(workspace, (log, Arc::new(checkpoint))).is_none(),
                Err(why) => failed.insert(workspace, why).is_none(),
            };
        }
        let written = if signed.is_empty() { Ok(()) } else { self.write(time, requests, &signed) };
        let checkpoints: BTreeMap<&str, Arc<SignedNote>> =
            signed.iter().map(|(workspace, (_, checkpoint))| (workspace.as_str(), checkpoint.clone())).collect();
        let results = outcomes.iter().zip(requests).map(|(outcome, prepared)| {
            let workspace = prepared.request.workspace();
            match outcome {
                Outcome::Refused(error) => Err(error.clone()),
                Outcome::Known(receipt) => Ok(receipt.clone()),
                Outcome::Staged { .. } if failed.contains_key(workspace) => {
                    let why = failed.get(workspace).cloned().unwrap_or_default();
                    Err(SubmitError::Key { workspace: workspace.to_string(), why })
                }
                Outcome::Staged { entry, records } => {
                    written.clone()?;
                    let internal = || SubmitError::Stopped(Stop::Internal("an entry without a checkpoint".to_string()));
                    let checkpoint = checkpoints.get(workspace).cloned().ok_or_else(internal)?;
                    Ok(Receipt { level: Level::Committed, entry: *entry, records: records.clone(), checkpoint })
                }
            }
        });
        let results: Vec<Result<Receipt, SubmitError>> = results.collect();
        for (prepared, result) in requests.iter().zip(&results) {
            if let (Request::Batch(batch), Ok(receipt)) = (&prepared.request, result)
                && let Some(request) = batch.request
            {
                let answer = Answer { table: batch.table.clone(), root: batch.root, receipt: receipt.clone() };
                self.window.insert(&batch.workspace, request, answer);
            }
        }
        results
    }

    /// Writes a group's frame and then takes over its state.
    fn write(
        &mut self,
        time: i64,
        requests: &[Prepared],
        logs: &BTreeMap<String, (StagedLog, Arc<SignedNote>)>,
    ) -> Result<(), SubmitError> {
        let mut data: Vec<&[u8]> = Vec::new();
        let mut ends = TableEnds::new();
        let mut heads = Vec::new();
        for (workspace, (log, checkpoint)) in logs {
            for idx in log.items.iter().filter_map(|(_, request)| *request) {
                if let Some(Request::Batch(batch)) = requests.get(idx).map(|prepared| &prepared.request) {
                    data.extend([batch.leaf_material.as_slice(), batch.payload.as_slice()]);
                    let next = log.state.tables.get(&batch.table).map_or(0, |table| table.next);
                    ends.insert((workspace.clone(), batch.table.clone()), next);
                }
            }
            heads.push(GroupLog {
                workspace: workspace.clone(),
                origin: log.state.origin.clone(),
                size_before: log.size_before,
                items: log.items.iter().map(|(item, _)| item.clone()).collect(),
                checkpoint: SignedNote::clone(checkpoint),
            });
        }
        let head = group_bytes(&heads);
        let len = frame_len(head.len(), data.iter().map(|part| part.len()).sum());
        if !self.wal.fits(len) {
            self.recycle();
            self.rotate(len)?;
        }
        let frame = match self.wal.append(FrameKind::Commit, &head, data.iter().copied(), ends) {
            Ok(frame) => frame,
            Err(stop) => {
                self.stop = Some(stop.clone());
                return Err(SubmitError::Stopped(stop));
            }
        };
        let mut commit = Commit { frame, logs: Vec::new() };
        for (workspace, (log, checkpoint)) in logs {
            let state = LogState { checkpoint: Some(SignedNote::clone(checkpoint)), ..log.state.clone() };
            commit.logs.push(CommittedLog {
                workspace: workspace.clone(),
                entries: log.items.iter().map(|(item, _)| item.entry.clone()).collect(),
                checkpoint: checkpoint.clone(),
                size: state.tree.size(),
                root: state.tree.root(),
            });
            self.state.logs.insert(workspace.clone(), state);
        }
        self.state.time = time;
        self.commits.push(commit);
        Ok(())
    }

    fn rotate(&mut self, frame_len: usize) -> Result<(), SubmitError> {
        if let Some(stop) = &self.stop {
            return Err(SubmitError::Stopped(stop.clone()));
        }
        match self.wal.rotate(&self.state.to_bytes(), frame_len) {
            Ok(()) => Ok(()),
            Err(RotateError::NoRoom(why)) => Err(SubmitError::Busy { why, retry_after_ms: RETRY_AFTER_MS }),
            Err(RotateError::Stop(stop)) => {
                self.stop = Some(stop.clone());
                Err(SubmitError::Stopped(stop))
            }
        }
    }

    fn check_clock(&self) -> Result<(), Stop> {
        let (now, last) = (self.clock.now_ticks(), self.state.time);
        if now >= last.saturating_sub(self.options.clock_back_ticks_max) {
            return Ok(());
        }
        let text = |ticks: i64| ticks_text(ticks).unwrap_or_else(|| ticks.to_string());
        Err(Stop::ClockWentBack { last: text(last), now: text(now) })
    }

    /// Returns a stop if a log's last checkpoint was signed by none of its keys. Keys that cannot be had now are no reason.
    fn foreign_key(&self) -> Option<Stop> {
        self.state.logs.iter().find_map(|(workspace, log)| {
            let (checkpoint, signers) = (log.checkpoint.as_ref()?, self.keys.signers(workspace).ok()?);
            let has_signed = |signer: &Arc<dyn Signer>| {
                let key = signer.verifier();
                checkpoint.signatures.iter().any(|signature| signature.verify(&checkpoint.text, key).is_some())
            };
            (!signers.iter().any(has_signed)).then(|| Stop::ForeignKey { origin: log.origin.clone() })
        })
    }
}

/// What became of a request before its frame is written.
enum Outcome {
    Refused(SubmitError),
    /// It was answered before.
    Known(Receipt),
    Staged {
        entry: u64,
        records: std::ops::Range<u64>,
    },
}

/// A group that is being put together.
struct Group<'a> {
    core: &'a Core,
    time: i64,
    logs: BTreeMap<String, StagedLog>,
    /// Batches of this group by workspace and request id.
    pending: BTreeMap<(String, RequestId), PendingBatch>,
}

/// A batch of the group that may come a second time.
struct PendingBatch {
    table: String,
    root: Hash,
    entry: u64,
    records: std::ops::Range<u64>,
}

/// A log with the group's entries.
struct StagedLog {
    state: LogState,
    size_before: u64,
    /// Entries, and for batches the number of the request.
    items: Vec<(Item, Option<usize>)>,
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

    fn sign(&self) -> Result<SignedNote, String> {
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
    fn stage(&mut self, idx: usize, prepared: &Prepared) -> Outcome {
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
            let answer = self.core.window.get(&batch.workspace, request);
            if let Some(Answer { table, root, receipt }) = answer {
                let is_same = *table == batch.table && *root == batch.root;
                return if is_same {
                    Outcome::Known(receipt.clone())
                } else {
                    Outcome::Refused(SubmitError::RequestReused)
                };
            }
            if let Some(pending) = self.pending.get(&(batch.workspace.clone(), request)) {
                let is_same = pending.table == batch.table && pending.root == batch.root;
                return if is_same {
                    Outcome::Staged { entry: pending.entry, records: pending.records.clone() }
                } else {
                    Outcome::Refused(SubmitError::RequestReused)
                };
            }
        }
        let bytes = (batch.leaf_material.len() + batch.payload.len()) as u64;
        let bytes_max = self.core.options.group_bytes_max;
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
                    let key = (batch.workspace.clone(), request);
                    let (table, root, records) = (batch.table.clone(), batch.root, records.clone());
                    self.pending.insert(key, PendingBatch { table, root, entry, records });
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
        let (core, time) = (self.core, self.time);
        let error = |why: &str| SubmitError::Key { workspace: workspace.to_string(), why: why.to_string() };
        let signers = core.keys.signers(workspace).map_err(|why| error(&why))?;
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
        let mut signers = self.core.keys.signers(workspace).map_err(|why| error(&why))?;
        let known = self.core.state.logs.get(workspace);
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

/// Reads what others know of the logs: the file of what was signed, and the published checkpoints.
fn read_claims(storage: &dyn Storage, stop: &mut Option<Stop>) -> Result<(Option<Signed>, Claims), OpenError> {
    let evidence = |path: &str, why: &str| Stop::Evidence { path: path.to_string(), why: why.to_string() };
    let mut claims: Claims = BTreeMap::new();
    let signed = match storage.read(SIGNED_PATH).map_err(OpenError::io(SIGNED_PATH))? {
        None => None,
        Some(bytes) => {
            let signed = Signed::parse(&bytes);
            if signed.is_none() {
                stop.get_or_insert(evidence(SIGNED_PATH, "it is damaged"));
            }
            signed
        }
    };
    for (workspace, (size, root)) in signed.iter().flat_map(|signed| &signed.logs) {
        let claim = Claim { witness: SIGNED_PATH.to_string(), size: *size, root: *root };
        claims.entry(workspace.clone()).or_default().push(claim);
    }
    for workspace in storage.list("ws").map_err(OpenError::io("ws"))? {
        let path = checkpoint_path(&workspace);
        let Some(bytes) = storage.read(&path).map_err(OpenError::io(&path))? else { continue };
        let checkpoint = SignedNote::parse(&bytes).and_then(|note| Checkpoint::parse(&note.text));
        match checkpoint {
            Ok(Checkpoint { size, root, .. }) => {
                claims.entry(workspace).or_default().push(Claim { witness: path, size, root });
            }
            Err(error) => {
                stop.get_or_insert(evidence(&path, &error.to_string()));
            }
        }
    }
    Ok((signed, claims))
}

/// Returns a stop if somebody knows more entries than there are.
fn behind(state: &NodeState, claims: &Claims) -> Option<Stop> {
    claims.iter().find_map(|(workspace, claims)| {
        let log = state.logs.get(workspace);
        let found = log.map_or(0, |log| log.tree.size());
        let claim = claims.iter().find(|claim| claim.size > found)?;
        let origin = log.map_or(workspace, |log| &log.origin).clone();
        Some(Stop::Behind { origin, witness: claim.witness.clone(), known: claim.size, found })
    })
}

/// Going through the frames of the write-ahead log.
struct Replay<'a> {
    state: Option<NodeState>,
    /// The state with which the oldest file begins.
    base: NodeState,
    window: Window,
    /// Entries by workspace since the base.
    entries: BTreeMap<String, Vec<Vec<u8>>>,
    stop: Option<Stop>,
    claims: &'a mut Claims,
}

impl Replay<'_> {
    fn frame(
        &mut self,
        path: &str,
        at: u64,
        frame: &Frame,
        on_batch: &mut impl FnMut(StoredBatch),
    ) -> Result<TableEnds, OpenError> {
        let damaged = |why: &str| OpenError::Damaged { path: path.to_string(), byte: at, why: why.to_string() };
        match frame.kind {
            FrameKind::State => {
                let state = NodeState::parse(&frame.head).ok_or_else(|| damaged("not a state"))?;
                match &self.state {
                    None => {
                        for (workspace, log) in &state.logs {
                            self.compare(workspace, log);
                        }
                        self.base = state.clone();
                        self.state = Some(state);
                    }
                    Some(known) if *known == state => {}
                    Some(_) => return Err(damaged("the state is not that after the frame before")),
                }
                Ok(TableEnds::new())
            }
            FrameKind::Commit => {
                let logs = parse_group(&frame.head).ok_or_else(|| damaged("not a group"))?;
                let mut ends = TableEnds::new();
                let mut data = crate::codec::Decoder(&frame.data);
                for log in logs {
                    self.group_log(log, &mut data, &mut ends, on_batch).map_err(|why| damaged(&why))?;
                }
                if data.is_at_end() { Ok(ends) } else { Err(damaged("data that belong to no batch")) }
            }
        }
    }

    fn group_log(
        &mut self,
        group: GroupLog,
        data: &mut crate::codec::Decoder<'_>,
        ends: &mut TableEnds,
        on_batch: &mut impl FnMut(StoredBatch),
    ) -> Result<(), String> {
        let GroupLog { workspace, origin, size_before, items, checkpoint } = group;
        let state = self.state.get_or_insert_default();
        let mut log = state.logs.remove(&workspace).unwrap_or_else(|| LogState::new(origin.clone()));
        if log.origin != origin || log.tree.size() != size_before {
            return Err(format!("the frame does not continue the log of `{workspace}`"));
        }
        let checkpoint = Arc::new(checkpoint);
        let entries = self.entries.entry(workspace.clone()).or_default();
        for item in items {
            let index = log.tree.size();
            let Some(entry) = log.apply(&item.entry) else {
                return Err(format!("entry {index} of `{workspace}` does not follow the one before"));
            };
            state.time = state.time.max(time_of(&entry));
            entries.push(item.entry);
            check_claims(&workspace, &log, self.claims, &mut self.stop);
            match (entry, item.batch) {
                (Entry::Batch(batch), Some(stored)) => {
                    let missing = || format!("the data of entry {index} of `{workspace}` are missing");
                    let mut take = |len: u64| {
                        usize::try_from(len).ok().and_then(|len| data.take(len)).map(<[u8]>::to_vec).ok_or_else(missing)
                    };
                    let (leaf_material, payload) = (take(stored.leaf_material_len)?, take(stored.payload_len)?);
                    if data_hash(&leaf_material, &payload) != stored.hash {
                        return Err(format!("the data of entry {index} of `{workspace}` have another hash"));
                    }
                    ends.insert((workspace.clone(), batch.table.clone()), batch.end());
                    if let Some(request) = stored.request {
                        let records = batch.first..batch.end();
                        let receipt =
                            Receipt { level: Level::Committed, entry: index, records, checkpoint: checkpoint.clone() };
                        let answer = Answer { table: batch.table.clone(), root: batch.root, receipt };
                        self.window.insert(&workspace, request, answer);
                    }
                    let (workspace, request) = (workspace.clone(), stored.request);
                    on_batch(StoredBatch { workspace, entry: index, batch, request, leaf_material, payload });
                }
                (Entry::Batch(_), None) | (_, Some(_)) => {
                    return Err(format!("entry {index} of `{workspace}` is of another kind"));
                }
                _ => {}
            }
        }
        if checkpoint.text != log.to_checkpoint().text() {
            return Err(format!("the checkpoint of `{workspace}` is not that of its entries"));
        }
        log.checkpoint = Some(SignedNote::clone(&checkpoint));
        state.logs.insert(workspace, log);
        Ok(())
    }

    fn compare(&mut self, workspace: &str, log: &LogState) {
        check_claims(workspace, log, self.claims, &mut self.stop);
    }
}

/// Compares a log that has just reached a size with those who know its root at that size.
fn check_claims(workspace: &str, log: &LogState, claims: &Claims, stop: &mut Option<Stop>) {
    let size = log.tree.size();
    for claim in claims.get(workspace).into_iter().flatten().filter(|claim| claim.size == size) {
        let ours = log.tree.root();
        if ours != claim.root {
            let (origin, witness) = (log.origin.clone(), claim.witness.clone());
            stop.get_or_insert(Stop::Fork { origin, witness, size, ours, theirs: claim.root });
        }
    }
}
