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

use stdx::{Clock, crash_point};
use tlog::note::SignedNote;
use tlog::ticks_text;

use crate::codec::Encoder;
use crate::error::{OpenError, Stop, SubmitError};
use crate::group::{GroupLog, group_bytes};
use crate::key::{Keys, Signer};
use crate::publish::{Commit, CommittedLog, Publisher};
use crate::recover::{Claim, Replay, behind, read_claims};
use crate::request::{Level, Prepared, Receipt, Request, StoredBatch};
use crate::signed::{PATH as SIGNED_PATH, SignedFile};
use crate::stage::{Group, Outcome, StagedLog};
use crate::state::{LogState, NodeState};
use crate::storage::Storage;
use crate::wal::{FrameKind, RotateError, Spare, TableEnds, Wal, WalOptions, frame_len};
use crate::window::{Answer, Window};

/// How long a caller waits before it asks again when there is no room.
const RETRY_AFTER_MS: u64 = 1_000;
/// Sizes and limits.
#[derive(Debug, Clone)]
pub struct Options {
    pub wal: WalOptions,
    /// Data of one group in bytes at most.
    pub group_bytes_max: u64,
    /// Request ids that are remembered at least until so many others have come, across restarts. Each takes some 70 bytes at the
    /// beginning of every file of the write-ahead log.
    pub request_window: usize,
    /// Ticks by which the clock may go back; entries keep the last time until it has caught up.
    pub clock_back_ticks_max: i64,
    /// What witnesses elsewhere know of the logs, by workspace. Who knows more than the write-ahead log, or another history, stops the
    /// signing.
    pub claims: BTreeMap<String, Vec<Claim>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            wal: WalOptions { segment_bytes: 64 << 20, segments_max: 64 },
            group_bytes_max: 16 << 20,
            request_window: 65_536,
            clock_back_ticks_max: 10_000_000,
            claims: BTreeMap::new(),
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
        let (signed, claims) = read_claims(&*storage, options.claims.clone(), &mut stop)?;
        let mut replay = Replay {
            state: None,
            base: NodeState::default(),
            window: Window::new(options.request_window),
            entries: BTreeMap::new(),
            stop: None,
            claims: &claims,
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
            self.wal.rotate(&self.state_bytes(), 0, false).map_err(|error| {
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

    /// Returns everything that is needed to go on without the frames before.
    fn state_bytes(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.bytes(&self.state.to_bytes());
        out.bytes(&self.window.to_bytes());
        out.0
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

    /// Takes note that all records of a table below `next` are durable elsewhere. It is forgotten at a restart. Records that are not
    /// there yet cannot be released.
    pub fn release_up_to(&mut self, workspace: &str, table: &str, next: u64) {
        let state = self.state.logs.get(workspace).and_then(|log| log.tables.get(table));
        let next = state.map_or(0, |state| state.next).min(next);
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
            signed.save()
        };
        // While the file cannot be written, the files of the write-ahead log stay, which harms nobody: it is tried again.
        if saved.is_err() {
            return;
        }
        crash_point("wal.recycle-signed");
        if let Err(stop) = self.wal.recycle(oldest) {
            self.stop = Some(stop);
        }
    }

    /// Begins a new file of the write-ahead log and removes those before it, with all that is in them, as soon as they are needed no
    /// more. Returns the number of the new file.
    ///
    /// # Errors
    /// When there is no room for a new file, or nothing is signed any more.
    pub fn forget(&mut self) -> Result<u64, SubmitError> {
        if let Some(stop) = &self.stop {
            return Err(SubmitError::Stopped(stop.clone()));
        }
        // The new file is not to be one of those that were written before.
        if let Err(stop) = self.wal.remove_spares() {
            self.stop = Some(stop.clone());
            return Err(SubmitError::Stopped(stop));
        }
        self.rotate(0, true)?;
        self.wal.forget_older();
        Ok(self.wal.newest())
    }

    /// Returns the number of the oldest file of the write-ahead log that is in use.
    pub fn oldest_segment(&self) -> u64 {
        self.wal.oldest()
    }

    /// Returns a file to be allocated ahead, which may take long; see [`Core::take_spare`].
    pub(crate) fn take_spare_wish(&mut self) -> Option<Spare> {
        if self.stop.is_none() { self.wal.take_spare_wish() } else { None }
    }

    /// Takes the file that was allocated as wished, or the news that it could not be.
    pub(crate) fn take_spare(&mut self, spare: Option<Spare>) {
        self.wal.take_spare(spare);
    }

    /// Returns a file that is needed no more, and that has to be removed, which may take long; see [`Core::take_back`].
    pub(crate) fn take_surplus(&mut self) -> Option<Spare> {
        self.wal.take_surplus()
    }

    /// Takes files back that are not removed yet.
    pub(crate) fn take_back(&mut self, surplus: Vec<Spare>) {
        self.wal.take_back(surplus);
    }

    /// Commits a group of requests in one frame and returns, in the same order, what became of each.
    pub fn commit(&mut self, requests: Vec<Request>) -> Vec<Result<Receipt, SubmitError>> {
        let prepared: Vec<Prepared> = requests.into_iter().map(Prepared::new).collect();
        self.commit_prepared(&prepared)
    }

    pub(crate) fn commit_prepared(&mut self, requests: &[Prepared]) -> Vec<Result<Receipt, SubmitError>> {
        let all: Vec<&Prepared> = requests.iter().collect();
        let mut results = self.commit_group(&all, false);
        // Without room for batches, there still is some for the entries that say where older records are now.
        let is_kept_back = |(_, (request, result)): &(usize, (&&Prepared, &Result<Receipt, SubmitError>))| {
            matches!((&request.request, result), (Request::Entry { .. }, Err(SubmitError::Busy { .. })))
        };
        let kept_back = all.iter().zip(&results).enumerate().filter(is_kept_back);
        let (places, entries): (Vec<usize>, Vec<&Prepared>) =
            kept_back.map(|(idx, (request, _))| (idx, *request)).unzip();
        if !entries.is_empty() {
            for (idx, result) in places.into_iter().zip(self.commit_group(&entries, true)) {
                if let Some(place) = results.get_mut(idx) {
                    *place = result;
                }
            }
        }
        results
    }

    /// Commits one group; with `is_reserve` it may use the files that are kept back.
    fn commit_group(&mut self, requests: &[&Prepared], is_reserve: bool) -> Vec<Result<Receipt, SubmitError>> {
        if self.stop.is_none() {
            self.stop = self.check_clock().err();
        }
        if let Some(stop) = &self.stop {
            return requests.iter().map(|_| Err(SubmitError::Stopped(stop.clone()))).collect();
        }
        let time = self.clock.now_ticks().max(self.state.time);
        let mut group = Group {
            keys: &*self.keys,
            window: &self.window,
            known: &self.state.logs,
            bytes_max: self.options.group_bytes_max,
            time,
            logs: BTreeMap::new(),
            pending: BTreeMap::new(),
        };
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
        let written = if signed.is_empty() { Ok(()) } else { self.write(time, requests, &signed, is_reserve) };
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
                    let (entry, records) = (*entry, records.clone());
                    Ok(Receipt { level: Level::Committed, entry, records, time: Some(time), checkpoint })
                }
            }
        });
        let results: Vec<Result<Receipt, SubmitError>> = results.collect();
        for (prepared, result) in requests.iter().zip(&results) {
            if let (Request::Batch(batch), Ok(receipt)) = (&prepared.request, result)
                && let Some(request) = batch.request
            {
                let answer = Answer { table: batch.table.clone(), content: request.content, receipt: receipt.clone() };
                self.window.insert(&batch.workspace, request, answer);
            }
        }
        results
    }

    /// Writes a group's frame and then takes over its state.
    fn write(
        &mut self,
        time: i64,
        requests: &[&Prepared],
        logs: &BTreeMap<String, (StagedLog, Arc<SignedNote>)>,
        is_reserve: bool,
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
        if !is_reserve && self.wal.is_in_reserve() {
            self.recycle();
            if self.wal.is_in_reserve() {
                let why = "all files of the write-ahead log are in use".to_string();
                return Err(SubmitError::Busy { why, retry_after_ms: RETRY_AFTER_MS });
            }
        }
        if !self.wal.fits(len) {
            self.recycle();
            self.rotate(len, is_reserve)?;
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

    fn rotate(&mut self, frame_len: usize, is_reserve: bool) -> Result<(), SubmitError> {
        if let Some(stop) = &self.stop {
            return Err(SubmitError::Stopped(stop.clone()));
        }
        match self.wal.rotate(&self.state_bytes(), frame_len, is_reserve) {
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
