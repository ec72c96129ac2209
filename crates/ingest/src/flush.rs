//! Writing the hot tail to files: sorted by time, sealed by an entry of their own, and only then forgotten by the write-ahead log.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use extents::{HotBatch, join_chunks};
use sequencer::{Request, SubmitError};
use stdx::{crash_point, error_chain};
use tlog::entry::{Entry, SeqRange};

use crate::error::VaultError;
use crate::file::{FileBatch, NewFile, sorted};
use crate::seeds::LeafMaterial;
use crate::table::Table;
use crate::vault::{FlushFailure, Inner};
use crate::workspace::Workspace;

/// How often it is looked whether something is to be written.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long to wait when the sequencer has no room.
const BUSY_WAIT: Duration = Duration::from_millis(50);
/// How long to wait after a file could not be written: at first, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LAST: Duration = Duration::from_secs(30);

impl Inner {
    /// Writes files until the store is closed.
    pub fn run_flusher(&self) {
        let (mut failures, mut silent_since) = (Failures::default(), BTreeMap::new());
        while !self.wait_for_close(LOOK_EVERY) {
            self.begin_silent_logs(&mut silent_since);
            let mut n_hot_bytes = 0;
            for workspace in self.all_workspaces() {
                for table in workspace.tables() {
                    while failures.may_try(&workspace, &table) && !self.wait_for_close(Duration::ZERO) {
                        let flushed =
                            if self.is_due(&table) { self.flush_table(&workspace, &table) } else { Ok(false) };
                        match flushed {
                            Ok(is_more) => {
                                failures.forget(&workspace, &table);
                                if !is_more {
                                    break;
                                }
                            }
                            Err(error) => failures.add(&workspace, &table, &error),
                        }
                    }
                    n_hot_bytes += table.state().hot.n_bytes();
                }
            }
            self.n_hot_bytes.store(n_hot_bytes, Ordering::Relaxed);
            *self.flush_failure.lock().unwrap_or_else(PoisonError::into_inner) = failures.worst();
        }
    }

    /// Waits; returns whether the store is being closed.
    pub fn wait_for_close(&self, time: Duration) -> bool {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.closed.wait_timeout_while(closing, time, |is_closing| !*is_closing);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn is_due(&self, table: &Table) -> bool {
        let now = self.clock.now_ticks();
        let age = i64::try_from(self.options.flush_after.as_nanos() / 100).unwrap_or(i64::MAX);
        let is_crowded = self.n_hot_bytes.load(Ordering::Relaxed) > self.options.hot_bytes_max / 2;
        let segments_max = self.options.sequencer.core.wal.segments_max;
        let is_log_full = self.sequencer.status().n_segments * 4 > segments_max * 3;
        let state = table.state();
        let Some(oldest) = state.hot.batches.first() else { return false };
        state.hot.n_rows() >= self.options.flush_rows
            || state.hot.n_bytes() >= self.options.flush_bytes
            || now.saturating_sub(oldest.since) >= age
            || is_crowded
            || is_log_full
    }

    /// Writes the oldest records of a table to a file; returns whether there were any.
    ///
    /// # Errors
    /// When the file cannot be written or sealed; the records stay where they are.
    pub fn flush_table(&self, workspace: &Workspace, table: &Table) -> Result<bool, VaultError> {
        let _writing = table.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let internal = |error: arrow::error::ArrowError| VaultError::Internal(error.to_string());
        // Whoever sends waits for the lock of the state: rows are joined, and given back, without it.
        let (schema, batches, chunks) = {
            let state = table.state();
            let Some(schema) = state.schema() else { return Ok(false) };
            let mut n_rows = 0;
            let n_batches = state.hot.batches.iter().take_while(|batch| {
                let fits = n_rows == 0 || n_rows + batch.records.count <= self.options.flush_rows as u64;
                n_rows += batch.records.count;
                fits
            });
            let n_batches = n_batches.count();
            if n_batches == 0 {
                return Ok(false);
            }
            let batches: Vec<HotBatch> = state.hot.batches.iter().take(n_batches).cloned().collect();
            let chunks = state.hot.chunks_of(0..n_batches);
            (schema, batches, chunks)
        };
        let rows = join_chunks(&chunks, schema.columns()).and_then(|rows| sorted(&rows)).map_err(internal)?;
        drop(chunks);
        let n_batches = batches.len();
        let file = NewFile { schema: &schema, batches: in_file(batches)?, rows: &rows, replaces: Vec::new() };
        let (extent, file, entry) = self.write_and_seal(workspace, table, &file)?;
        drop(rows);
        crash_point("flush.sealed");
        let mut state = table.state();
        state.catalog.push_extent(entry, &extent).map_err(VaultError::Internal)?;
        state.files.insert(extent.file, Ok(file));
        let gone = state.hot.remove_first(n_batches);
        let stored = state.catalog.stored();
        drop(state);
        drop(gone);
        crash_point("flush.swapped");
        if let Some(SeqRange { first: 0, count }) = stored.first() {
            self.sequencer.release_up_to(workspace.name(), table.name(), *count);
        }
        crash_point("flush.released");
        Ok(true)
    }

    /// Appends an entry to a workspace's log and returns its index.
    ///
    /// # Errors
    /// [`VaultError::NotSealed`] when it is not there, [`VaultError::MaybeSealed`] when that is not known.
    pub fn seal_entry(&self, workspace: &Workspace, entry: Entry) -> Result<u64, VaultError> {
        loop {
            let request = Request::Entry { workspace: workspace.name().to_string(), entry: entry.clone() };
            let answer = self.sequencer.submit(request).and_then(|ticket| ticket.wait());
            match answer {
                Ok(receipt) => return Ok(receipt.entry),
                Err(error @ SubmitError::Busy { .. }) => {
                    if self.wait_for_close(BUSY_WAIT) {
                        return Err(VaultError::NotSealed { why: error.to_string() });
                    }
                }
                Err(error @ SubmitError::Stopped(_)) => {
                    return Err(VaultError::MaybeSealed { why: error.to_string() });
                }
                Err(error) => return Err(VaultError::NotSealed { why: error.to_string() }),
            }
        }
    }
}

/// Tables whose rows could not be written to files, and when that is tried again.
#[derive(Default)]
struct Failures(BTreeMap<(String, String), (FlushFailure, Instant)>);

impl Failures {
    fn key(workspace: &Workspace, table: &Table) -> (String, String) {
        (workspace.name().to_string(), table.name().to_string())
    }

    fn may_try(&self, workspace: &Workspace, table: &Table) -> bool {
        self.0.get(&Failures::key(workspace, table)).is_none_or(|(_, again)| Instant::now() >= *again)
    }

    fn forget(&mut self, workspace: &Workspace, table: &Table) {
        self.0.remove(&Failures::key(workspace, table));
    }

    fn add(&mut self, workspace: &Workspace, table: &Table, error: &VaultError) {
        let (key, now) = (Failures::key(workspace, table), Instant::now());
        let n_failures = self.0.get(&key).map_or(1, |(failure, _)| failure.n_failures.saturating_add(1));
        let pause = RETRY_FIRST.saturating_mul(1 << (n_failures - 1).min(16)).min(RETRY_LAST);
        let (workspace, table) = key.clone();
        let failure = FlushFailure { workspace, table, why: error_chain(error), n_failures };
        self.0.insert(key, (failure, now.checked_add(pause).unwrap_or(now)));
    }

    /// Returns the failure that has lasted longest.
    fn worst(&self) -> Option<FlushFailure> {
        self.0.values().map(|(failure, _)| failure).max_by_key(|failure| failure.n_failures).cloned()
    }
}

/// Reads what the leaves of batches were made with.
fn in_file(batches: Vec<HotBatch>) -> Result<Vec<FileBatch>, VaultError> {
    let in_file = |HotBatch { entry, records, leaf_material, .. }| {
        let material = LeafMaterial::whole(&leaf_material).map_err(|error| VaultError::Internal(error.to_string()))?;
        Ok(FileBatch { entry, records, material })
    };
    batches.into_iter().map(in_file).collect()
}
