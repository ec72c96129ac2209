//! Writing files anew: joined, without the records that were destroyed, and without the cells that were erased.
//!
//! What is to be left out is what the log says and no file has yet, so that a process that died in between is taken up by the next.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{concat_batches, filter_record_batch, nullif};
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{BATCH_COLUMN, BatchRef, ExtentFile, LiveExtent, POSITION_COLUMN, StoredSchema, from_file, row_schema};
use schema::Column;
use stdx::crash_point;
use tlog::Hash;
use tlog::entry::SeqRange;
use tlog::record::{Cell, Cells, StoredRedaction};

use crate::cells::ColumnCells;
use crate::error::VaultError;
use crate::file::{FileBatch, NewFile, extent_error, remove_doomed, sorted};
use crate::open::seeds_path;
use crate::seeds::parse_seeds;
use crate::table::{Rewriting, Table};
use crate::vault::Inner;
use crate::workspace::Workspace;

/// The files that are written anew, and what the log says of them.
struct Plan {
    schema: Arc<StoredSchema>,
    versions: BTreeMap<u32, Arc<StoredSchema>>,
    inputs: Vec<(LiveExtent, Arc<ExtentFile>)>,
    /// The batches that stay.
    batches: BTreeMap<u64, BatchRef>,
    /// Columns to be erased, by entry and position.
    erase: HashMap<(i64, i32), Vec<u16>>,
}

impl Inner {
    /// Writes files of a table anew as one, which comes in their place. At least one record stays. Whoever calls has chosen the files under
    /// the lock that it shows here, for nobody else may take others in their place meanwhile.
    ///
    /// # Errors
    /// When a file is not live or is not what was sealed, or the new one cannot be written; then all stays as it was.
    pub fn rewrite(
        &self,
        workspace: &Workspace,
        table: &Table,
        files: &[Hash],
        rewriting: &Rewriting<'_>,
    ) -> Result<(), VaultError> {
        let internal = |error: arrow::error::ArrowError| VaultError::Internal(error.to_string());
        let plan = Plan::new(table, files)?;
        let mut materials = plan.materials(workspace)?;
        let rows = plan.read_rows(table)?;
        let rows = plan.without_destroyed(rows).map_err(internal)?;
        let rows = plan.without_erased(rows, &mut materials)?;
        let rows = sorted(&rows).map_err(internal)?;
        let replaces = plan.inputs.iter().map(|(live, _)| live.extent.file).collect();
        let file = NewFile { schema: &plan.schema, batches: materials, rows: &rows, replaces };
        let (extent, file, entry) = self.write_and_seal(workspace, table, &file)?;
        crash_point("rewrite.sealed");
        let mut state = table.state();
        state.catalog.push_extent(entry, &extent).map_err(VaultError::Internal)?;
        for (live, _) in &plan.inputs {
            state.files.remove(&live.extent.file);
            state.doomed.push(live.extent.path.clone());
        }
        state.files.insert(extent.file, Ok(file));
        drop(state);
        crash_point("rewrite.swapped");
        remove_doomed(workspace, table, rewriting)
    }
}

impl Plan {
    fn new(table: &Table, files: &[Hash]) -> Result<Plan, VaultError> {
        let state = table.state();
        let schema = state.schema().ok_or_else(|| VaultError::UnknownTable { name: table.name().to_string() })?;
        let mut inputs = Vec::with_capacity(files.len());
        for hash in files {
            let gone = || VaultError::Internal(format!("the file {hash} is not live"));
            let live = state.catalog.live.get(hash).ok_or_else(gone)?;
            let broken = |source: &Arc<extents::ExtentError>| {
                let table = table.name().to_string();
                VaultError::Extent { table, source: source.clone() }
            };
            let file = state.files.get(hash).ok_or_else(gone)?.as_ref().map_err(broken)?;
            inputs.push((live.clone(), file.clone()));
        }
        let mut batches = BTreeMap::new();
        let mut erase = HashMap::new();
        for (live, _) in &inputs {
            for SeqRange { first, count } in &live.extent.records {
                let from = state.catalog.batches.partition_point(|batch| batch.first < *first);
                let of_range = state.catalog.batches.iter().skip(from);
                let of_range = of_range.take_while(|batch| batch.first < first.saturating_add(*count));
                let stays =
                    |batch: &&BatchRef| !state.catalog.is_expired(&SeqRange { first: batch.first, count: batch.count });
                batches.extend(of_range.filter(stays).map(|batch| (batch.entry, batch.clone())));
            }
            for (record, columns) in state.catalog.unerased(live) {
                let Some(batch) = state.catalog.batch_of(record) else { continue };
                let place = (i64::try_from(batch.entry), i32::try_from(record - batch.first));
                if let (Ok(entry), Ok(position)) = place {
                    erase.insert((entry, position), columns);
                }
            }
        }
        Ok(Plan { schema, versions: state.schemas.clone(), inputs, batches, erase })
    }

    /// Reads what the leaves of the batches are made with.
    fn materials(&self, workspace: &Workspace) -> Result<Vec<FileBatch>, VaultError> {
        let mut seeds = BTreeMap::new();
        for (live, _) in &self.inputs {
            let name = seeds_path(&live.extent.path);
            let path = workspace.folder().join(&name);
            let mut bytes = std::fs::read(&path).map_err(VaultError::io(&path))?;
            workspace.at_rest().open_seeds(&name, &mut bytes)?;
            let damaged = |error| VaultError::Internal(format!("`{}`: {error}", path.display()));
            seeds.extend(parse_seeds(&bytes).map_err(damaged)?);
        }
        let mut batches = Vec::with_capacity(self.batches.len());
        for (entry, batch) in &self.batches {
            let lost = || VaultError::Internal(format!("there are no seeds for entry {entry}"));
            let material = seeds.remove(entry).ok_or_else(lost)?;
            let records = SeqRange { first: batch.first, count: batch.count };
            batches.push(FileBatch { entry: *entry, records, material });
        }
        Ok(batches)
    }

    /// Reads the rows of all files with those columns in which something is.
    fn read_rows(&self, table: &Table) -> Result<RecordBatch, VaultError> {
        let is_there = |column: &&Column| {
            self.inputs.iter().any(|(_, file)| file.metadata().schema().index_of(&column.name).is_ok())
        };
        let columns: Vec<Column> = self.schema.columns().iter().filter(is_there).cloned().collect();
        let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        names.extend([BATCH_COLUMN, POSITION_COLUMN]);
        let mut parts = Vec::new();
        let mut failed = None;
        for (_, file) in &self.inputs {
            let read = file.rows(&names, None, |rows| {
                match from_file(&rows, &columns) {
                    Ok(rows) => parts.push(rows),
                    Err(error) => failed = Some(error),
                }
                Ok(())
            });
            read.map_err(extent_error(table))?;
        }
        let internal = |error: arrow::error::ArrowError| VaultError::Internal(error.to_string());
        if let Some(error) = failed {
            return Err(internal(error));
        }
        concat_batches(&row_schema(&columns), &parts).map_err(internal)
    }

    fn without_destroyed(&self, rows: RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
        let kept: HashSet<i64> = self.batches.keys().filter_map(|entry| i64::try_from(*entry).ok()).collect();
        let Some(entries) = rows.column_by_name(BATCH_COLUMN).and_then(|c| c.as_primitive_opt::<Int64Type>()) else {
            return Ok(rows);
        };
        let stays: BooleanArray = entries.values().iter().map(|entry| Some(kept.contains(entry))).collect();
        if stays.false_count() == 0 { Ok(rows) } else { filter_record_batch(&rows, &stays) }
    }

    /// Takes cells out of rows, and the seeds of their records with them; what stays of a record goes to its batch.
    fn without_erased(&self, rows: RecordBatch, batches: &mut [FileBatch]) -> Result<RecordBatch, VaultError> {
        if self.erase.is_empty() {
            return Ok(rows);
        }
        let internal = |why: &str| VaultError::Internal(why.to_string());
        let entries = rows.column_by_name(BATCH_COLUMN).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let positions = rows.column_by_name(POSITION_COLUMN).and_then(|c| c.as_primitive_opt::<Int32Type>());
        let (Some(entries), Some(positions)) = (entries, positions) else {
            return Err(internal("rows have no places"));
        };
        let mut gone: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, place) in entries.values().iter().copied().zip(positions.values().iter().copied()).enumerate() {
            let Some(columns) = self.erase.get(&place) else { continue };
            let (Ok(entry), Ok(position)) = (u64::try_from(place.0), u64::try_from(place.1)) else { continue };
            let batch = batches.iter_mut().find(|batch| batch.entry == entry);
            let version = self.batches.get(&entry).and_then(|batch| self.versions.get(&batch.schema_id));
            let (Some(batch), Some(schema)) = (batch, version) else {
                return Err(internal("a record is of no batch of its file"));
            };
            self.erase_cells(schema, &rows, row, position, columns, batch)?;
            for (stored, column) in schema.doc().columns.iter().zip(schema.columns()) {
                if columns.contains(&stored.id) {
                    gone.entry(column.name.as_str()).or_default().push(row);
                }
            }
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(rows.num_columns());
        for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
            arrays.push(match gone.get(field.name().as_str()) {
                Some(places) => without(array, places).map_err(|error| internal(&error.to_string()))?,
                None => array.clone(),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(rows.schema(), arrays, &options);
        rows.map_err(|error| internal(&error.to_string()))
    }

    fn erase_cells(
        &self,
        schema: &StoredSchema,
        rows: &RecordBatch,
        row: usize,
        position: u64,
        columns: &[u16],
        batch: &mut FileBatch,
    ) -> Result<(), VaultError> {
        let internal = |why: String| VaultError::Internal(why);
        let mut cells: Vec<Cell<'_>> = Vec::with_capacity(schema.columns().len());
        for column in schema.columns() {
            cells.push(match rows.column_by_name(&column.name) {
                None => Cell::Absent,
                Some(array) => {
                    let array = array.slice(row, 1);
                    let cell = ColumnCells::new(&array, column.ktype).map(|cells| cells.cell(0).into_owned());
                    cell.ok_or_else(|| internal(format!("the column `{}` is of another type", column.name)))?
                }
            });
        }
        let is_erased = |id: u16| columns.contains(&id);
        let material = &mut batch.material;
        match material.erased.get_mut(&position) {
            Some(stored) => stored.erase(schema.doc(), &cells, is_erased),
            None => {
                let lost = || internal(format!("a record of entry {} has no seed", batch.entry));
                let seed = material.seeds.seed(position).ok_or_else(lost)?;
                let stored = StoredRedaction::new(schema.doc(), &seed, &cells, is_erased);
                let stored = stored.map_err(|error| internal(error.to_string()))?;
                material.seeds.puncture(position);
                material.erased.insert(position, stored);
            }
        }
        Ok(())
    }
}

/// Returns a column with nulls at ascending places.
fn without(array: &ArrayRef, places: &[usize]) -> Result<ArrayRef, arrow::error::ArrowError> {
    let mut is_gone = vec![false; array.len()];
    for place in places {
        if let Some(is_gone) = is_gone.get_mut(*place) {
            *is_gone = true;
        }
    }
    nullif(array, &BooleanArray::from(is_gone))
}
