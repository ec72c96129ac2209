//! The store as a whole: taking records, and the threads that write files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, FieldRef, Int64Type, Schema};
use entities::is_stored_name;
use extents::{StoredSchema, TIME_COLUMN};
use files::{Records, Rejected};
use futures::channel::oneshot;
use schema::Column;
use sequencer::storage::{Storage, replace};
use sequencer::{
    Keys, Publications, Receipt, Request, RequestId, Sequencer, SequencerOptions, SubmitError, is_workspace_name,
};
use sha2::{Digest, Sha256};
use stdx::{Clock, crash_point};
use tlog::note::VerifierKey;
use tlog::record::Seed;

use crate::acts::Governance;
use crate::at_rest::{Encryption, StoreKeys};
use crate::error::{IngestError, VaultError};
use crate::names::NamedTable;
use crate::quarantine::{QUARANTINE_TABLE, quarantine_columns, quarantine_rows};
use crate::seal::seal;
use crate::table::{Committed, Table, TableState, with_bag};
use crate::taken::Pending;
use crate::workspace::Workspace;

/// Rows of one batch at most.
const BATCH_ROWS: usize = 65_536;
/// Bytes of the columns of one batch at most.
const BATCH_BYTES: usize = 8 << 20;
/// Bytes of rows in memory that only the store's own records may fill beyond the others' limit.
const OWN_ROOM_BYTES: usize = 256 << 20;
/// How long a sender waits when the records in memory are too many.
const RETRY_AFTER_MS: u64 = 500;

/// What is told of batches once they are durable.
type Answers = Vec<oneshot::Receiver<Result<Receipt, SubmitError>>>;

/// Sizes and intervals of a store.
#[derive(Debug, Clone)]
pub struct VaultOptions {
    pub sequencer: SequencerOptions,
    /// Whether files are encrypted: the same at each start.
    pub encryption: Encryption,
    /// Bytes of one record at most.
    pub record_bytes_max: usize,
    /// Rows of a table in memory that are written to a file.
    pub flush_rows: usize,
    /// Bytes of a table's rows in memory that are written to a file.
    pub flush_bytes: usize,
    /// How long rows stay in memory only at most.
    pub flush_after: Duration,
    /// Bytes of rows in memory beyond which senders have to wait.
    pub hot_bytes_max: usize,
    /// Tables that the store alone writes: senders are refused ([`Vault::take_own`] is not).
    pub own_tables: Vec<OwnTable>,
    /// How often it is looked whether files are to be joined, and records to be destroyed; `None` for only when somebody asks.
    pub keep_every: Option<Duration>,
}

impl Default for VaultOptions {
    fn default() -> VaultOptions {
        VaultOptions {
            sequencer: SequencerOptions::default(),
            encryption: Encryption::None,
            record_bytes_max: 1 << 20,
            // Three row groups.
            flush_rows: 3 << 17,
            flush_bytes: 512 << 20,
            flush_after: Duration::from_secs(600),
            hot_bytes_max: 3 << 29,
            own_tables: Vec::new(),
            keep_every: Some(Duration::from_secs(10)),
        }
    }
}

/// A table whose records are the store's own word, such as who asked what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTable {
    /// `None` for the table of every workspace.
    pub workspace: Option<String>,
    pub table: String,
}

impl OwnTable {
    /// Returns whether a table is this one, under the name that people see or the one under which it is stored.
    fn is(&self, workspace: &str, named: &NamedTable) -> bool {
        let is_name = |name: &str| name.eq_ignore_ascii_case(&self.table);
        self.workspace.as_ref().is_none_or(|own| own == workspace)
            && (is_name(&named.name) || is_name(named.table.name()))
    }
}

/// A store: workspaces, their tables and logs. Closing it writes nothing that the next start could not do.
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
    threads: Vec<JoinHandle<()>>,
}

pub(crate) struct Inner {
    pub root: PathBuf,
    pub storage: Arc<dyn Storage>,
    pub sequencer: Sequencer,
    pub clock: Arc<dyn Clock>,
    pub options: VaultOptions,
    pub keys: StoreKeys,
    /// The first part of the origins of logs.
    pub origin: String,
    pub workspaces: RwLock<BTreeMap<String, Arc<Workspace>>>,
    /// Bytes of rows in memory, about: each batch is added as it is committed, and what was written to files is taken off a little later.
    pub n_hot_bytes: Arc<AtomicUsize>,
    /// Why files cannot be written now.
    pub flush_failure: Mutex<Option<FlushFailure>>,
    /// Why files cannot be written anew, or records not be destroyed.
    pub keep_failure: Mutex<Option<FlushFailure>>,
    /// Only one at a time has the write-ahead log forget something.
    pub forgetting: Mutex<()>,
    pub closing: Mutex<bool>,
    pub closed: Condvar,
}

/// That records in memory cannot be written to a file. They stay where they are, and it is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlushFailure {
    pub workspace: String,
    pub table: String,
    /// The error with its causes.
    pub why: String,
    /// Failures in a row.
    pub n_failures: u32,
}

pub(crate) fn submit_error(error: SubmitError) -> IngestError {
    match error {
        SubmitError::Busy { why, retry_after_ms } => IngestError::Busy { why, retry_after_ms },
        other => IngestError::Submit(other),
    }
}

impl Vault {
    pub(crate) fn start(inner: Inner) -> Result<Vault, VaultError> {
        let inner = Arc::new(inner);
        inner.finish_changes().map_err(|error| VaultError::Internal(stdx::error_chain(&error)))?;
        let mut vault = Vault { inner: inner.clone(), threads: Vec::new() };
        let flushing = inner.clone();
        vault.run("flush", move || flushing.run_flusher())?;
        vault.run("keep", move || inner.run_keeper())?;
        Ok(vault)
    }

    fn run(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), VaultError> {
        // When senders are so many that these threads cannot keep up, the senders have to wait, and leave them the time that they need.
        let standing_back = move || {
            stdx::stand_back();
            run();
        };
        let thread = std::thread::Builder::new().name(name.to_string()).spawn(standing_back);
        self.threads.push(thread.map_err(VaultError::io("a thread"))?);
        Ok(())
    }

    /// Returns the folder of the store.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// Returns how many bytes a record may have.
    pub fn record_bytes_max(&self) -> usize {
        self.inner.options.record_bytes_max
    }

    /// Returns the workspaces' names.
    pub fn workspaces(&self) -> Vec<String> {
        self.inner.workspaces.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Returns a workspace.
    pub fn workspace(&self, name: &str) -> Option<Arc<Workspace>> {
        self.inner.workspace(name)
    }

    /// Returns how the sequencer is.
    pub fn status(&self) -> sequencer::Status {
        self.inner.sequencer.status()
    }

    /// Returns what is published of all logs, those of workspaces that are made later too.
    pub fn publications(&self) -> Publications {
        self.inner.sequencer.publications()
    }

    /// Returns the files of the store.
    pub fn storage(&self) -> Arc<dyn Storage> {
        self.inner.storage.clone()
    }

    /// Returns why records cannot be written to files now; `None` while all is well. When that lasts, senders are told to wait.
    pub fn flush_failure(&self) -> Option<FlushFailure> {
        self.inner.flush_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns why files cannot be joined, or records not be erased or destroyed that have to be; `None` while all is well.
    pub fn keep_failure(&self) -> Option<FlushFailure> {
        self.inner.keep_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the public keys that sign a workspace's log, as those who verify need them.
    ///
    /// # Errors
    /// When the keys cannot be read, as a text for whoever runs the store.
    pub fn keys(&self, workspace: &str) -> Result<Vec<VerifierKey>, String> {
        self.inner.keys_of(workspace)
    }

    /// Makes a workspace with a log and a key of its own, and returns the public part of the key.
    ///
    /// # Errors
    /// When there is one, the name is none, or the key cannot be written.
    pub fn create_workspace(&self, name: &str) -> Result<VerifierKey, VaultError> {
        if !is_workspace_name(name) {
            return Err(VaultError::WorkspaceName { name: name.to_string() });
        }
        let mut workspaces = self.inner.workspaces.write().unwrap_or_else(PoisonError::into_inner);
        if workspaces.contains_key(name) {
            return Err(VaultError::WorkspaceExists { name: name.to_string() });
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| VaultError::Random(error.to_string()))?;
        let origin = format!("{}/{name}", self.inner.origin);
        let key = self.inner.keys.create(name, &origin, secret)?;
        crash_point("workspace.key-written");
        let at_rest = self.inner.keys.at_rest(name)?;
        let workspace = Workspace::new(name, &self.inner.root, at_rest, BTreeMap::new(), Governance::default());
        workspaces.insert(name.to_string(), Arc::new(workspace));
        Ok(key)
    }

    /// Makes a table, or adds columns to one that is there. Without columns a built-in table has its own. Returns the table's columns.
    ///
    /// # Errors
    /// When the name is none, a column would get another type, or the schema cannot be written.
    pub fn ensure_table(
        &self,
        workspace: &str,
        name: &str,
        columns: &[Column],
    ) -> Result<Arc<StoredSchema>, IngestError> {
        let workspace = self.inner.workspace_of(workspace)?;
        self.inner.ensure_named(&workspace, name, columns)
    }

    /// Reads a body of JSON records, seals them and hands them to the sequencer; `request` names the request, so that it can be repeated.
    ///
    /// # Errors
    /// When there is no such table, or there is no room now. What single records have wrong is no error: see [`Answer::rejected`].
    pub fn take(
        &self,
        workspace: &str,
        table: &str,
        body: &[u8],
        request: Option<&str>,
    ) -> Result<Pending, IngestError> {
        self.inner.check_room(0)?;
        let named = self.inner.table_for_senders(workspace, table)?;
        self.inner.take(named, body, request)
    }

    /// Takes records of the store itself, such as who asked what, as [`Vault::take`] does. Room is kept for them: others who send too
    /// much have to wait, and keep nobody from asking.
    ///
    /// # Errors
    /// As [`Vault::take`].
    pub fn take_own(
        &self,
        workspace: &str,
        table: &str,
        body: &[u8],
        request: Option<&str>,
    ) -> Result<Pending, IngestError> {
        self.inner.check_room(OWN_ROOM_BYTES)?;
        let workspace = self.inner.workspace_of(workspace)?;
        let named = self.inner.existing_table(&workspace, table)?;
        self.inner.take((workspace, named), body, request)
    }

    /// Seals rows that are in the columns of a table already, under the names that people see.
    ///
    /// # Errors
    /// As [`Vault::take`], and when the rows have other columns.
    pub fn take_rows(&self, workspace: &str, table: &str, rows: RecordBatch) -> Result<Pending, IngestError> {
        self.inner.check_room(0)?;
        let (workspace, named) = self.inner.table_for_senders(workspace, table)?;
        self.inner.submit(&workspace, &named, rows, Vec::new(), None)
    }

    /// Seals records that others brought to a table's columns, and keeps in the quarantine those that they rejected. `request` is what names
    /// the request, and what it holds.
    ///
    /// # Errors
    /// As [`Vault::take_rows`].
    pub fn take_records(
        &self,
        workspace: &str,
        table: &str,
        records: Records,
        request: Option<(&str, &[u8])>,
    ) -> Result<Pending, IngestError> {
        self.inner.check_room(0)?;
        let (workspace, named) = self.inner.table_for_senders(workspace, table)?;
        let content = request.map(|(id, content)| (id, Sha256::digest(content)));
        let request = content.as_ref().map(|(id, content)| (*id, content.as_slice()));
        self.inner.submit(&workspace, &named, records.batch, records.rejected, request)
    }

    /// Keeps records that whoever received them could not bring to the columns of a table: `of` is what they are records of, a table or a
    /// log format. `request` names the request and its content, so that it can be repeated.
    ///
    /// # Errors
    /// As [`Vault::take`].
    pub fn quarantine(
        &self,
        workspace: &str,
        of: &str,
        rejected: Vec<Rejected>,
        request: Option<(&str, &[u8])>,
    ) -> Result<Pending, IngestError> {
        self.inner.check_room(0)?;
        let workspace = self.inner.workspace_of(workspace)?;
        let content = request.map(|(id, content)| (id, Sha256::digest(content)));
        let request = content.as_ref().map(|(id, content)| (*id, content.as_slice()));
        let (table, answers) =
            self.inner.submit_rejected(&workspace, of, &rejected, request, self.inner.clock.now_ticks())?;
        Ok(Pending { answers, n_taken: 0, n_batches: 0, rejected, table })
    }

    /// Writes everything that is in memory to files.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&self) -> Result<(), VaultError> {
        self.inner.flush_all()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        *self.inner.closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.inner.closed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Inner {
    pub fn workspace(&self, name: &str) -> Option<Arc<Workspace>> {
        self.workspaces.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns the public keys that sign a workspace's log.
    pub fn keys_of(&self, workspace: &str) -> Result<Vec<VerifierKey>, String> {
        Ok(self.keys.signers(workspace)?.iter().map(|signer| signer.verifier().clone()).collect())
    }

    pub fn all_workspaces(&self) -> Vec<Arc<Workspace>> {
        self.workspaces.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Begins the logs of workspaces that have none and were silent for as long as a log may be. `since` says when each was seen first.
    pub fn begin_silent_logs(&self, since: &mut BTreeMap<String, Instant>) {
        let Some(every) = self.options.sequencer.heartbeat_every else { return };
        let logs = self.sequencer.status().logs;
        for workspace in self.all_workspaces().iter().map(|workspace| workspace.name()) {
            if logs.contains_key(workspace) {
                since.remove(workspace);
            } else if since.entry(workspace.to_string()).or_insert_with(Instant::now).elapsed() >= every {
                since.remove(workspace);
                // What fails is tried again after the same time.
                let _ = self.sequencer.submit_with(Request::Heartbeat { workspace: workspace.to_string() }, |_| {});
            }
        }
    }

    pub fn workspace_of(&self, name: &str) -> Result<Arc<Workspace>, IngestError> {
        self.workspace(name).ok_or_else(|| IngestError::UnknownWorkspace { name: name.to_string() })
    }

    /// Returns a table into which others may send.
    fn table_for_senders(&self, workspace: &str, table: &str) -> Result<(Arc<Workspace>, NamedTable), IngestError> {
        let workspace = self.workspace_of(workspace)?;
        let named = self.existing_table(&workspace, table)?;
        let is_quarantine = named.table.name() == QUARANTINE_TABLE;
        if is_quarantine || self.options.own_tables.iter().any(|own| own.is(workspace.name(), &named)) {
            return Err(IngestError::OwnTable { name: table.to_string() });
        }
        Ok((workspace, named))
    }

    /// Reads records and seals them.
    fn take(
        &self,
        (workspace, named): (Arc<Workspace>, NamedTable),
        body: &[u8],
        request: Option<&str>,
    ) -> Result<Pending, IngestError> {
        let unknown = || IngestError::UnknownTable { name: named.name.clone(), near: None };
        let shape = named.shape(self.options.record_bytes_max).ok_or_else(unknown)?;
        let Records { batch, rejected } = shape.read(body)?;
        let content = Sha256::digest(body);
        self.submit(&workspace, &named, batch, rejected, request.map(|id| (id, content.as_slice())))
    }

    /// Looks whether there is room for rows in memory; `own_bytes` is what more there is for the store's own.
    pub fn check_room(&self, own_bytes: usize) -> Result<(), IngestError> {
        if self.n_hot_bytes.load(Ordering::Relaxed) <= self.options.hot_bytes_max.saturating_add(own_bytes) {
            return Ok(());
        }
        let why = "too many records wait to be written to files".to_string();
        Err(IngestError::Busy { why, retry_after_ms: RETRY_AFTER_MS })
    }

    /// Makes a stored table, or adds columns to one that is there.
    pub fn ensure_stored(
        &self,
        workspace: &Workspace,
        name: &str,
        columns: &[Column],
    ) -> Result<(Arc<Table>, Arc<StoredSchema>), IngestError> {
        if !is_stored_name(name) {
            return Err(IngestError::TableName { name: name.to_string() });
        }
        let table = workspace.table_or(name, || Table::new(name, TableState::new()));
        let mut state = table.state();
        let next = match state.schema() {
            Some(schema) => schema.with(columns)?,
            None => {
                // Who gives columns means exactly these.
                let builtin = schema::tables::builtin(name).filter(|_| columns.is_empty());
                StoredSchema::new(name, &with_bag(builtin.map_or(columns, |builtin| &builtin.columns)))?
            }
        };
        if let Some(schema) = state.schema().filter(|schema| **schema == next) {
            drop(state);
            return Ok((table, schema));
        }
        let path = format!("ws/{}/schema/{name}@{}", workspace.name(), next.doc().id);
        let written = replace(&*self.storage, &path, next.doc().to_text().as_bytes());
        written.map_err(|source| IngestError::Write { path, source })?;
        crash_point("schema.written");
        let next = Arc::new(next);
        state.schemas.insert(next.doc().id, next.clone());
        drop(state);
        Ok((table, next))
    }

    pub fn submit(
        &self,
        workspace: &Workspace,
        named: &NamedTable,
        rows: RecordBatch,
        rejected: Vec<Rejected>,
        request: Option<(&str, &[u8])>,
    ) -> Result<Pending, IngestError> {
        let now = self.clock.now_ticks();
        let rows = with_times(named.sealed(rows)?, now)?;
        let table = named.table.clone();
        let unknown = || IngestError::UnknownTable { name: named.name.clone(), near: None };
        let schema = table.schema().ok_or_else(unknown)?;
        let n_taken = rows.num_rows() as u64;
        let mut answers = Vec::new();
        for (n, part) in parts(rows)?.into_iter().enumerate() {
            let request = request.map(|(id, content)| request_id(table.name(), id, n, content));
            answers.push(self.submit_batch(workspace, &table, &schema, part, request, now)?);
        }
        let n_batches = answers.len();
        // A body that is not closed is an error of the request with no bytes of a record.
        if !rejected.is_empty() {
            answers.extend(self.submit_rejected(workspace, &named.name, &rejected, request, now)?.1);
        }
        Ok(Pending { answers, n_taken, n_batches, rejected, table })
    }

    /// Seals records that could not be taken, as records of the quarantine.
    fn submit_rejected(
        &self,
        workspace: &Workspace,
        of: &str,
        rejected: &[Rejected],
        request: Option<(&str, &[u8])>,
        now: i64,
    ) -> Result<(Arc<Table>, Answers), IngestError> {
        let (quarantine, schema) = self.ensure_stored(workspace, QUARANTINE_TABLE, quarantine_columns())?;
        let rows = quarantine_rows(of, request.map_or("", |(id, _)| id), rejected, now)?;
        let mut answers = Vec::new();
        // One request may bring records of several tables, and of each some that cannot be taken.
        let table = format!("{QUARANTINE_TABLE}/{of}");
        for (n, part) in parts(rows)?.into_iter().enumerate() {
            let id = request.map(|(id, content)| request_id(&table, id, n, content));
            answers.push(self.submit_batch(workspace, &quarantine, &schema, part, id, now)?);
        }
        Ok((quarantine, answers))
    }

    fn submit_batch(
        &self,
        workspace: &Workspace,
        table: &Arc<Table>,
        schema: &StoredSchema,
        rows: RecordBatch,
        request: Option<RequestId>,
        now: i64,
    ) -> Result<oneshot::Receiver<Result<Receipt, SubmitError>>, IngestError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| IngestError::Random(error.to_string()))?;
        let mut sealed = seal(workspace.name(), schema, &rows, Seed(seed), request)?;
        let committed = Committed::new(&sealed, rows, now);
        workspace.at_rest().seal_batch(&mut sealed).map_err(IngestError::Encrypt)?;
        let (sender, receiver) = oneshot::channel();
        let (table, n_hot_bytes) = (table.clone(), self.n_hot_bytes.clone());
        let callback = move |answer: Result<Receipt, SubmitError>| {
            if let Ok(receipt) = &answer {
                n_hot_bytes.fetch_add(table.commit(&committed, receipt), Ordering::Relaxed);
            }
            // Who sent the records may have gone; they are taken all the same.
            let _ = sender.send(answer);
        };
        self.sequencer.submit_with(Request::Batch(sealed), callback).map_err(submit_error)?;
        Ok(receiver)
    }
}

/// Names a part of a request.
fn request_id(table: &str, id: &str, part: usize, content: &[u8]) -> RequestId {
    let mut hasher = Sha256::new();
    for text in [table.as_bytes(), id.as_bytes()] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.update((part as u64).to_be_bytes());
    let half = |hash: &[u8]| hash.first_chunk::<16>().copied().unwrap_or_default();
    RequestId { id: half(&hasher.finalize()), content: half(content) }
}

/// Fills in the time of arrival where a record says none.
fn with_times(rows: RecordBatch, now: i64) -> Result<RecordBatch, IngestError> {
    let place = rows.schema_ref().index_of(TIME_COLUMN).ok();
    let times = place.and_then(|place| rows.column(place).as_primitive_opt::<Int64Type>());
    if times.is_some_and(|times| times.null_count() == 0) {
        return Ok(rows);
    }
    let filled: Int64Array = match times {
        Some(times) => times.iter().map(|time| Some(time.unwrap_or(now))).collect(),
        None => Int64Array::from(vec![now; rows.num_rows()]),
    };
    let mut columns = rows.columns().to_vec();
    let mut fields: Vec<FieldRef> = rows.schema_ref().fields().iter().cloned().collect();
    let filled = Arc::new(filled) as ArrayRef;
    match place.and_then(|place| columns.get_mut(place)) {
        Some(column) => *column = filled,
        None => {
            fields.insert(0, Arc::new(Field::new(TIME_COLUMN, filled.data_type().clone(), true)));
            columns.insert(0, filled);
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

/// Divides rows into batches.
fn parts(rows: RecordBatch) -> Result<Vec<RecordBatch>, IngestError> {
    let n_rows = rows.num_rows();
    if n_rows == 0 {
        return Ok(Vec::new());
    }
    let n_parts = n_rows.div_ceil(BATCH_ROWS).max(rows.get_array_memory_size().div_ceil(BATCH_BYTES)).min(n_rows);
    if n_parts == 1 {
        return Ok(vec![rows]);
    }
    let part_rows = n_rows.div_ceil(n_parts);
    let starts = (0..n_rows).step_by(part_rows);
    let part = |start: usize| extents::compact(&rows.slice(start, part_rows.min(n_rows - start)), 0);
    Ok(starts.map(part).collect::<Result<_, _>>()?)
}
