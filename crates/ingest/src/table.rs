//! One stored table: its columns, its files, and the records that are in none yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
pub(crate) use extents::BAG_COLUMN;
use extents::{BatchRef, ExtentError, ExtentFile, HotBatch, HotTail, SealTimes, Snapshot, StoredSchema, TableCatalog};
use files::RecordShape;
use schema::{Column, KqlType};
use sequencer::{Receipt, SealedBatch};
use tlog::Hash;
use tlog::entry::SeqRange;

use crate::error::VaultError;

/// A table of a workspace.
pub struct Table {
    name: String,
    pub(crate) state: Mutex<TableState>,
    /// Only one at a time writes files.
    pub(crate) writing: Mutex<()>,
    /// Only one at a time writes files anew.
    rewriting: Mutex<()>,
}

/// The right to put files of a table in the place of others.
pub(crate) type Rewriting<'a> = MutexGuard<'a, ()>;

/// How a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatus {
    pub n_records: u64,
    pub n_files: usize,
    pub file_bytes: u64,
    pub n_hot_rows: usize,
    pub n_hot_bytes: usize,
}

pub(crate) struct TableState {
    /// All versions by their numbers; the last is the present one.
    pub schemas: BTreeMap<u32, Arc<StoredSchema>>,
    /// What records are read into, of the present columns.
    pub shape: Option<(u32, Arc<RecordShape>)>,
    pub catalog: TableCatalog,
    /// When the catalog's batches were sealed, for those who read.
    pub seal_times: Arc<SealTimes>,
    /// Live files by their hash.
    pub files: BTreeMap<Hash, Result<Arc<ExtentFile>, Arc<ExtentError>>>,
    /// The paths of files that no entry names any more, and that have to be removed.
    pub doomed: Vec<String>,
    pub hot: HotTail,
    /// Records that are sealed and nowhere.
    pub missing: Vec<SeqRange>,
}

impl Table {
    pub(crate) fn new(name: &str, state: TableState) -> Table {
        Table { name: name.to_string(), state: Mutex::new(state), writing: Mutex::new(()), rewriting: Mutex::new(()) }
    }

    /// Returns the table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the right to put files in the place of others.
    pub(crate) fn rewriting(&self) -> Rewriting<'_> {
        self.rewriting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, TableState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the present columns; `None` while there are none.
    pub fn schema(&self) -> Option<Arc<StoredSchema>> {
        self.state().schema()
    }

    /// Returns how the table is.
    pub fn status(&self) -> TableStatus {
        let state = self.state();
        TableStatus {
            n_records: state.catalog.next(),
            n_files: state.files.len(),
            file_bytes: state.catalog.live.values().map(|live| live.extent.bytes).sum(),
            n_hot_rows: state.hot.n_rows(),
            n_hot_bytes: state.hot.n_bytes(),
        }
    }

    /// Returns the table as it is now.
    ///
    /// # Errors
    /// When a file is not what was sealed or a record is missing: then nothing is said of the table.
    pub fn snapshot(&self) -> Result<Snapshot, VaultError> {
        let mut state = self.state();
        let table = || self.name.clone();
        if let Some(SeqRange { first, count }) = state.missing.first() {
            return Err(VaultError::Missing { table: table(), first: *first, end: first.saturating_add(*count) });
        }
        let schema = state.schema().ok_or_else(|| VaultError::UnknownTable { name: table() })?;
        let internal = |error: ArrowError| VaultError::Internal(error.to_string());
        state.hot.settle().map_err(internal)?;
        let hot = state.hot.chunks().to_vec();
        let seal_times = state.seal_times.clone();
        let mut files = Vec::with_capacity(state.files.len());
        for file in state.files.values() {
            let broken = |source: &Arc<ExtentError>| VaultError::Extent { table: table(), source: source.clone() };
            files.push(file.as_ref().map_err(broken)?.clone());
        }
        drop(state);
        files.sort_by_key(|file| file.extent().records.first().map(|range| range.first));
        Ok(Snapshot { schema, files, hot, seal_times })
    }

    /// Takes up a batch that was numbered and returns the bytes of memory that its rows take. Called in the log's order; a repetition
    /// changes nothing.
    pub(crate) fn commit(&self, batch: &Committed, receipt: &Receipt) -> usize {
        let mut state = self.state();
        let Some(time) = receipt.time.filter(|_| receipt.records.start == state.catalog.next()) else { return 0 };
        let n_bytes_before = state.hot.n_bytes();
        let count = receipt.records.end.saturating_sub(receipt.records.start);
        state.catalog.push_batch(BatchRef {
            entry: receipt.entry,
            first: receipt.records.start,
            count,
            schema_id: batch.schema_id,
            schema_hash: batch.schema_hash,
            root: batch.root,
            time,
        });
        state.seal_times.push(receipt.entry, time);
        let hot = HotBatch {
            entry: receipt.entry,
            records: SeqRange { first: receipt.records.start, count },
            schema_id: batch.schema_id,
            leaf_material: batch.leaf_material.clone(),
            since: batch.now,
        };
        if state.hot.push(hot, &batch.rows).is_err() {
            // Durable all the same: the next start reads it out of the write-ahead log.
            state.missing.push(SeqRange { first: receipt.records.start, count });
        }
        state.hot.n_bytes().saturating_sub(n_bytes_before)
    }
}

impl TableState {
    pub fn new() -> TableState {
        TableState {
            schemas: BTreeMap::new(),
            shape: None,
            catalog: TableCatalog::default(),
            seal_times: Arc::default(),
            files: BTreeMap::new(),
            doomed: Vec::new(),
            hot: HotTail::default(),
            missing: Vec::new(),
        }
    }

    pub fn schema(&self) -> Option<Arc<StoredSchema>> {
        self.schemas.last_key_value().map(|(_, schema)| schema.clone())
    }

    /// Returns what records are read into.
    pub fn shape(&mut self, record_bytes_max: usize) -> Option<(Arc<StoredSchema>, Arc<RecordShape>)> {
        let schema = self.schema()?;
        let id = schema.doc().id;
        if let Some((of, shape)) = &self.shape
            && *of == id
        {
            return Some((schema, shape.clone()));
        }
        let shape = Arc::new(RecordShape::new(schema.columns(), Some(BAG_COLUMN), record_bytes_max));
        self.shape = Some((id, shape.clone()));
        Some((schema, shape))
    }
}

/// A batch on its way, as the table will need it.
pub(crate) struct Committed {
    pub rows: RecordBatch,
    pub schema_id: u32,
    pub schema_hash: Hash,
    pub root: Hash,
    pub leaf_material: Arc<[u8]>,
    pub now: i64,
}

impl Committed {
    pub fn new(sealed: &SealedBatch, rows: RecordBatch, now: i64) -> Committed {
        let leaf_material = Arc::from(sealed.leaf_material.as_slice());
        let (schema_id, schema_hash, root) = (sealed.schema_id, sealed.schema_hash, sealed.root);
        Committed { rows, schema_id, schema_hash, root, leaf_material, now }
    }
}

/// Returns columns with one that takes what fits no other.
pub(crate) fn with_bag(columns: &[Column]) -> Vec<Column> {
    let mut columns = columns.to_vec();
    if !columns.iter().any(|column| column.name == BAG_COLUMN) {
        columns.push(Column::new(BAG_COLUMN, KqlType::Dynamic));
    }
    columns
}
