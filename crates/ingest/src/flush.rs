//! Writing the hot tail to files: sorted by time, sealed by an entry of their own, and only then forgotten by the write-ahead log.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use extents::{ExtentError, ExtentFile, ExtentWriter, HotBatch, StoredSchema, TIME_COLUMN};
use schema::KqlType;
use sequencer::{Request, SubmitError};
use stdx::{crash_point, error_chain};
use terms::{IndexBuilder, IndexError, Options, TextKind};
use tlog::entry::{Entry, Extent, SeqRange};

use crate::error::VaultError;
use crate::open::seeds_path;
use crate::seeds::seeds_bytes;
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
/// Ticks of a day.
const DAY: i64 = 864_000_000_000;

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
    fn wait_for_close(&self, time: Duration) -> bool {
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
        let (schema, batches, rows) = {
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
            let rows = state.hot.first_rows(n_batches, schema.columns()).map_err(internal)?;
            (schema, batches, rows)
        };
        let rows = sorted(&rows).map_err(internal)?;
        let path = extent_path(table, &batches, &rows)?;
        let written = self.write_and_seal(workspace, table, &schema, &batches, &rows, &path);
        // What failed for good is not to take the space that is perhaps missing.
        if let Err(error) = &written
            && !matches!(error, VaultError::MaybeSealed { .. })
        {
            for path in [seeds_path(&path), path] {
                let _ = std::fs::remove_file(workspace.folder().join(path));
            }
        }
        let (extent, file, entry) = written?;
        drop(rows);
        crash_point("flush.sealed");
        let mut state = table.state();
        state.catalog.push_extent(entry, &extent).map_err(VaultError::Internal)?;
        state.files.insert(extent.file, Ok(file));
        state.hot.remove_first(batches.len());
        let stored = state.catalog.stored();
        drop(state);
        crash_point("flush.swapped");
        if let Some(SeqRange { first: 0, count }) = stored.first() {
            self.sequencer.release_up_to(workspace.name(), table.name(), *count);
        }
        crash_point("flush.released");
        Ok(true)
    }

    /// Writes a file, reads it back, and names it in the log.
    fn write_and_seal(
        &self,
        workspace: &Workspace,
        table: &Table,
        schema: &StoredSchema,
        batches: &[HotBatch],
        rows: &RecordBatch,
        path: &str,
    ) -> Result<(Extent, Arc<ExtentFile>, u64), VaultError> {
        let extent = write_extent(workspace, table, schema, batches, rows, path)?;
        let file = Arc::new(ExtentFile::open(workspace.folder(), extent.clone()).map_err(extent_error(table))?);
        crash_point("flush.durable");
        let entry = self.seal_entry(workspace, Entry::Extent(extent.clone()))?;
        Ok((extent, file, entry))
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

/// Returns the path of a new file of records, relative to the workspace's folder.
fn extent_path(table: &Table, batches: &[HotBatch], rows: &RecordBatch) -> Result<String, VaultError> {
    let first = batches.first().map_or(0, |batch| batch.records.first);
    let end = batches.last().map_or(0, |batch| batch.records.first.saturating_add(batch.records.count));
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| VaultError::Random(error.to_string()))?;
    let random = u32::from_be_bytes(random);
    Ok(format!("data/{}/{}/{first}-{end}-{random:08x}.parquet", table.name(), day(rows)))
}

/// Writes a file and the seeds of its batches, and makes both durable.
fn write_extent(
    workspace: &Workspace,
    table: &Table,
    schema: &StoredSchema,
    batches: &[HotBatch],
    rows: &RecordBatch,
    path: &str,
) -> Result<Extent, VaultError> {
    let absolute = workspace.folder().join(path);
    if let Some(parent) = absolute.parent() {
        std::fs::create_dir_all(parent).map_err(VaultError::io(parent))?;
    }
    let writer = ExtentWriter::default();
    // A file without an index is a file all the same.
    let terms = index_of_terms(schema, rows).unwrap_or_default();
    let written = writer.write(&absolute, schema, rows, &terms).map_err(extent_error(table))?;
    let seeds = seeds_bytes(batches.iter().map(|batch| (batch.entry, &*batch.leaf_material)));
    let seeds_path = workspace.folder().join(seeds_path(path));
    if let Some(parent) = seeds_path.parent() {
        std::fs::create_dir_all(parent).map_err(VaultError::io(parent))?;
    }
    write_secret(&seeds_path, &seeds).map_err(VaultError::io(&seeds_path))?;
    crash_point("flush.seeds-written");
    for path in [&absolute, &seeds_path] {
        sync_folders(path, workspace.folder()).map_err(VaultError::io(path))?;
    }
    Ok(Extent {
        table: table.name().to_string(),
        path: path.to_string(),
        bytes: written.bytes,
        rows: written.rows,
        file: written.file,
        row_groups: written.row_groups,
        terms: written.terms,
        footer: written.footer,
        records: ranges(batches),
        replaces: Vec::new(),
        time: 0,
    })
}

fn extent_error(table: &Table) -> impl FnOnce(ExtentError) -> VaultError {
    let table = table.name().to_string();
    move |source| VaultError::Extent { table, source: Arc::new(source) }
}

/// Returns the runs of records of batches, joined.
fn ranges(batches: &[HotBatch]) -> Vec<SeqRange> {
    let mut ranges: Vec<SeqRange> = Vec::new();
    for HotBatch { records, .. } in batches {
        match ranges.last_mut() {
            Some(last) if last.first.saturating_add(last.count) == records.first => last.count += records.count,
            _ => ranges.push(*records),
        }
    }
    ranges
}

/// Sorts rows by time; those of one time stay in the log's order.
pub(crate) fn sorted(rows: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let times = rows.column_by_name(TIME_COLUMN);
    let Some(times) = times.and_then(|times| times.as_primitive_opt::<Int64Type>()) else { return Ok(rows.clone()) };
    if times.values().is_sorted() {
        return Ok(rows.clone());
    }
    let mut places: Vec<u32> = (0..rows.num_rows() as u32).collect();
    let times = times.values();
    places.sort_by_key(|place| times.get(*place as usize).copied());
    let places = UInt32Array::from(places);
    let columns = rows.columns().iter().map(|column| take(column, &places, None));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(rows.schema(), columns, &options)
}

/// Returns the index of the terms of all columns of text.
fn index_of_terms(schema: &StoredSchema, rows: &RecordBatch) -> Result<Vec<u8>, IndexError> {
    let mut builder = IndexBuilder::new(Options::default())?;
    for (stored, column) in schema.doc().columns.iter().zip(schema.columns()) {
        let Some(array) = rows.column_by_name(&column.name) else { continue };
        let kind = match column.ktype {
            KqlType::String | KqlType::Guid => TextKind::String,
            KqlType::Dynamic => TextKind::Json,
            _ => continue,
        };
        builder.column(stored.id, kind)?;
        builder.push(stored.id, array)?;
    }
    builder.finish(rows.num_rows() as u64)
}

/// Returns the day of the first of sorted rows.
fn day(rows: &RecordBatch) -> String {
    let times = rows.column_by_name(TIME_COLUMN);
    let first = times.and_then(|times| times.as_primitive_opt::<Int64Type>()?.values().first().copied());
    let text = schema::ticks::datetime_text(first.unwrap_or(0).div_euclid(DAY) * DAY);
    text.get(..10).unwrap_or("0001-01-01").to_string()
}

/// Writes a file that only its owner may read, durably.
fn write_secret(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    crash_point("flush.seeds-created");
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names of a file and of the folders above it durable, up to `top`.
fn sync_folders(path: &std::path::Path, top: &std::path::Path) -> std::io::Result<()> {
    for folder in path.ancestors().skip(1) {
        std::fs::File::open(folder)?.sync_all()?;
        if folder == top {
            break;
        }
    }
    Ok(())
}
