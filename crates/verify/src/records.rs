//! Records of files: their leaves are hashed again, in whatever order they stand, and put in place by `_batch` and `_pos`.
//!
//! ```text
//! row group ─► rows in runs of one batch ─► leaves ─► place in the batch ─► all there ─► root ─ entry of the log
//! ```
//!
//! Memory: 33 bytes for each record of a file that is being looked at, and a few thousand rows for each thread.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{BATCH_COLUMN, BatchRef, ExtentError, ExtentFile, POSITION_COLUMN, StoredSchema, from_file};
use ingest::{ColumnCells, LeafMaterial, parse_seeds, seeds_path};
use tlog::Hash;
use tlog::record::{Cells, LeafHasher, RecordError};
use tlog::tree::TreeBuilder;

use crate::extents::StoredExtent;
use crate::pool;
use crate::report::Finding;
use crate::run::Run;
use crate::schemas::Schemas;

/// Hashes the records of files again. The files' bytes are what is sealed.
pub fn check_records(run: &Run<'_>, extents: &[(&StoredExtent<'_>, &Schemas)]) {
    let work: Vec<Work<'_>> = extents.iter().map(|(stored, schemas)| Work::new(stored, schemas)).collect();
    let jobs: Vec<(&Work<'_>, usize)> = work
        .iter()
        .flat_map(|work| (0..work.stored.extent().row_groups.len()).map(move |row_group| (work, row_group)))
        .collect();
    pool::each(run.n_threads, &jobs, |(work, row_group)| work.row_group(run, *row_group));
}

/// One file.
struct Work<'a> {
    stored: &'a StoredExtent<'a>,
    versions: Option<&'a BTreeMap<u32, Arc<StoredSchema>>>,
    /// Open from its first row group to its last; `Some(None)` when it could not be opened, or is done with.
    opened: Mutex<Option<Option<Arc<Opened>>>>,
    n_left: AtomicUsize,
}

struct Opened {
    file: Arc<ExtentFile>,
    /// By the entry of the batch.
    places: HashMap<u64, usize>,
    batches: Vec<OpenBatch>,
    leaves: Mutex<Vec<BatchLeaves>>,
}

struct OpenBatch {
    schema: Arc<StoredSchema>,
    material: LeafMaterial,
    count: u64,
}

/// The leaves of a batch so far.
#[derive(Default)]
struct BatchLeaves {
    leaves: Vec<Hash>,
    is_there: Vec<bool>,
    n_there: u64,
    /// Why nothing can be said of the batch, or that it was said.
    is_settled: bool,
}

impl<'a> Work<'a> {
    fn new(stored: &'a StoredExtent<'a>, schemas: &'a Schemas) -> Work<'a> {
        let n_left = AtomicUsize::new(stored.extent().row_groups.len());
        Work { stored, versions: schemas.get(stored.table), opened: Mutex::default(), n_left }
    }

    fn row_group(&self, run: &Run<'_>, row_group: usize) {
        let opened = self.lock().get_or_insert_with(|| self.open(run).map(Arc::new)).clone();
        let Some(opened) = opened else { return };
        self.read(run, &opened, row_group);
        if self.n_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish(run, &opened);
            *self.lock() = Some(None);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Option<Arc<Opened>>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, run: &Run<'_>, what: String) {
        run.find(Finding::new(self.stored.path(), what));
    }

    /// Says that the file cannot be read, unless it was replaced meanwhile.
    fn fail(&self, run: &Run<'_>, error: &ExtentError) {
        if !self.stored.is_replaced(run, &self.stored.path()) {
            self.find(run, error_text(error));
        }
    }

    fn open(&self, run: &Run<'_>) -> Option<Opened> {
        let root = run.path(&format!("ws/{}", self.stored.workspace));
        let at_rest = run.access.at_rest(self.stored.workspace)?;
        let file = match ExtentFile::open_sealed(&root, self.stored.extent().clone(), at_rest.sealer()) {
            Ok(file) => Arc::new(file),
            Err(error) => {
                self.fail(run, &error);
                return None;
            }
        };
        if self.stored.extent().terms.is_some() && file.terms().is_none() {
            self.find(run, "the index of terms is not what is sealed".to_string());
        }
        let name = seeds_path(&self.stored.extent().path);
        let seeds = std::fs::read(run.path(&self.stored.seeds_path())).ok();
        let seeds = seeds.and_then(|mut bytes| at_rest.open_seeds(&name, &mut bytes).ok().map(|()| bytes));
        let Some(mut seeds) = seeds.and_then(|bytes| parse_seeds(&bytes).ok()) else {
            // They were whole a moment ago.
            let path = self.stored.seeds_path();
            if !self.stored.is_replaced(run, &path) {
                run.find(Finding::new(path, "it was removed or damaged while the store was verified"));
            }
            return None;
        };
        let mut opened = Opened { file, places: HashMap::new(), batches: Vec::new(), leaves: Mutex::default() };
        let mut leaves = Vec::new();
        for batch in &self.stored.batches {
            let schema = self.versions.and_then(|versions| versions.get(&batch.schema_id));
            let (Some(schema), Some(material)) = (schema.cloned(), seeds.remove(&batch.entry)) else {
                let why = format!("the records of entry {}, whose schema or seeds cannot be read", batch.entry);
                run.leave(self.stored.path(), 0, why);
                continue;
            };
            let count = usize::try_from(batch.count).unwrap_or(usize::MAX).min(self.n_rows());
            leaves.push(BatchLeaves {
                leaves: vec![Hash::EMPTY_ROOT; count],
                is_there: vec![false; count],
                ..BatchLeaves::default()
            });
            opened.places.insert(batch.entry, opened.batches.len());
            opened.batches.push(OpenBatch { schema, material, count: batch.count });
        }
        opened.leaves = Mutex::new(leaves);
        Some(opened)
    }

    fn n_rows(&self) -> usize {
        usize::try_from(self.stored.extent().rows).unwrap_or(usize::MAX)
    }

    fn read(&self, run: &Run<'_>, opened: &Opened, row_group: usize) {
        let names: Vec<String> =
            opened.file.metadata().schema().fields().iter().map(|field| field.name().clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut hashers: HashMap<u32, LeafHasher> = HashMap::new();
        let read = opened.file.row_group_rows(row_group, &names, |rows| {
            if let Err(why) = self.rows(run, opened, &rows, &mut hashers) {
                self.find(run, why);
            }
            run.add_records(rows.num_rows() as u64);
            Ok(())
        });
        if let Err(error) = read {
            self.fail(run, &error);
        }
    }

    /// Hashes rows, run by run.
    fn rows(
        &self,
        run: &Run<'_>,
        opened: &Opened,
        rows: &RecordBatch,
        hashers: &mut HashMap<u32, LeafHasher>,
    ) -> Result<(), String> {
        let entries = rows.column_by_name(BATCH_COLUMN).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let positions = rows.column_by_name(POSITION_COLUMN).and_then(|column| column.as_primitive_opt::<Int32Type>());
        let (Some(entries), Some(positions)) = (entries, positions) else {
            return Err(format!("it has no columns `{BATCH_COLUMN}` and `{POSITION_COLUMN}`"));
        };
        let mut views = Views { file: rows, of: HashMap::new() };
        let runs = runs(entries.values(), positions.values());
        let mut leaves = Vec::new();
        for Rows { entry, position, first, count } in runs {
            let place = u64::try_from(entry).ok().and_then(|entry| opened.places.get(&entry)).copied();
            let Some((place, batch)) = place.and_then(|place| Some((place, opened.batches.get(place)?))) else {
                let is_known = self.stored.batches.iter().any(|batch| i64::try_from(batch.entry) == Ok(entry));
                if is_known {
                    continue;
                } else {
                    return Err(format!("it has records of entry {entry}, which are not its own"));
                }
            };
            let end = position.saturating_add(count as u64);
            if end > batch.count {
                return Err(format!("it has a record {} of entry {entry}, which has {}", end - 1, batch.count));
            }
            let view = views.get(&batch.schema)?;
            view.check_others(rows, first, count, entry)?;
            let columns = view.columns(&batch.schema)?;
            let columns: Vec<&dyn Cells> = columns.iter().map(|column| column as &dyn Cells).collect();
            let id = batch.schema.doc().id;
            let hasher = hashers.entry(id).or_insert_with(|| LeafHasher::new(batch.schema.doc()));
            leaves.clear();
            match batch.material.leaves(
                batch.schema.doc(),
                hasher,
                &columns,
                first..first + count,
                position,
                &mut leaves,
            ) {
                Ok(()) => opened.put(place, entry, position, &leaves)?,
                Err(RecordError::NoSeed { row }) => {
                    let record = position + (row - first) as u64;
                    if !opened.settle(place) {
                        let what =
                            format!("it has no seed for record {record} of entry {entry}, and nothing in its place");
                        run.find(Finding::new(self.stored.seeds_path(), what));
                    }
                }
                Err(error) => return Err(format!("a record of entry {entry}: {error}")),
            }
        }
        Ok(())
    }

    /// Compares the roots of all batches with their entries.
    fn finish(&self, run: &Run<'_>, opened: &Opened) {
        let all = std::mem::take(&mut *opened.leaves.lock().unwrap_or_else(PoisonError::into_inner));
        for batch in &self.stored.batches {
            let BatchRef { entry, count, root, .. } = batch;
            let Some(leaves) = opened.places.get(entry).and_then(|place| all.get(*place)) else { continue };
            if leaves.is_settled {
                continue;
            }
            if leaves.n_there != *count {
                self.find(run, format!("entry {entry} has {count} records, and {} are there", leaves.n_there));
                continue;
            }
            let mut tree = TreeBuilder::new();
            tree.extend(leaves.leaves.iter().copied());
            if tree.root() != *root {
                let what = format!("the records of entry {entry}, or their seeds, are not those that were sealed");
                run.find(Finding::new(self.stored.path(), what).differs(root, tree.root()));
            }
        }
    }
}

impl Opened {
    /// Puts leaves in their places.
    fn put(&self, place: usize, entry: i64, position: u64, leaves: &[Hash]) -> Result<(), String> {
        let mut all = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(batch) = all.get_mut(place) else { return Ok(()) };
        let first = usize::try_from(position).unwrap_or(usize::MAX);
        let slots = batch.leaves.iter_mut().zip(&mut batch.is_there).skip(first);
        for ((slot, is_there), leaf) in slots.zip(leaves) {
            if std::mem::replace(is_there, true) {
                return Err(format!("a record of entry {entry} is there twice"));
            }
            *slot = *leaf;
            batch.n_there += 1;
        }
        Ok(())
    }

    /// Takes note that all is said of a batch; returns whether it was before.
    fn settle(&self, place: usize) -> bool {
        let mut all = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_mut(place).is_none_or(|batch| std::mem::replace(&mut batch.is_settled, true))
    }
}

/// Rows that follow each other in their batch.
struct Rows {
    entry: i64,
    position: u64,
    first: usize,
    count: usize,
}

/// Divides rows into runs of one batch with ascending positions. A position below 0 becomes one that no batch has.
fn runs(entries: &[i64], positions: &[i32]) -> Vec<Rows> {
    let mut runs: Vec<Rows> = Vec::new();
    for (row, (entry, position)) in entries.iter().zip(positions).enumerate() {
        let position = u64::try_from(*position).unwrap_or(u64::MAX);
        match runs.last_mut() {
            Some(run) if run.entry == *entry && run.position.saturating_add(run.count as u64) == position => {
                run.count += 1
            }
            _ => runs.push(Rows { entry: *entry, position, first: row, count: 1 }),
        }
    }
    runs
}

/// Rows of a file in the columns of versions of their table.
struct Views<'a> {
    file: &'a RecordBatch,
    of: HashMap<u32, View>,
}

struct View {
    rows: RecordBatch,
    /// The file's columns that the version has not.
    others: Vec<usize>,
}

impl Views<'_> {
    fn get(&mut self, schema: &StoredSchema) -> Result<&View, String> {
        let id = schema.doc().id;
        if !self.of.contains_key(&id) {
            let rows = from_file(self.file, schema.columns()).map_err(|error| error.to_string())?;
            let is_other = |name: &str| {
                name != BATCH_COLUMN
                    && name != POSITION_COLUMN
                    && !schema.columns().iter().any(|column| column.name == name)
            };
            let fields = self.file.schema();
            let others = fields.fields().iter().enumerate().filter(|(_, field)| is_other(field.name()));
            let others = others.map(|(place, _)| place).collect();
            self.of.insert(id, View { rows, others });
        }
        self.of.get(&id).ok_or_else(String::new)
    }
}

impl View {
    fn columns(&self, schema: &StoredSchema) -> Result<Vec<ColumnCells<'_>>, String> {
        let columns = self.rows.columns().iter().zip(schema.columns());
        let cells = columns.map(|(array, column)| {
            let other = || format!("the column `{}` is of another type than its schema says", column.name);
            ColumnCells::new(array, column.ktype).ok_or_else(other)
        });
        cells.collect()
    }

    /// Makes sure that rows have nothing in columns which their version has not: no leaf covers it.
    fn check_others(&self, rows: &RecordBatch, first: usize, count: usize, entry: i64) -> Result<(), String> {
        for place in &self.others {
            let Some(column) = rows.columns().get(*place) else { continue };
            let texts = column.as_string_view_opt();
            let is_empty = |row: usize| column.is_null(row) || texts.is_some_and(|texts| texts.value(row).is_empty());
            if !(first..first + count).all(is_empty) {
                let name = rows.schema().fields().get(*place).map(|field| field.name().clone()).unwrap_or_default();
                return Err(format!(
                    "records of entry {entry} have values in `{name}`, a column that they were sealed without"
                ));
            }
        }
        Ok(())
    }
}

/// Returns the text of an error and its cause.
fn error_text(error: &ExtentError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
