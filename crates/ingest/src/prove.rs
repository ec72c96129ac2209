//! Evidence to take away: records, result sets and whole runs of a table's records, with all that somebody needs who trusts nothing here
//! but the log's key.
//!
//! A bundle is verified as a stranger would before it is handed out: a store that was changed gives an error, not evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{
    BATCH_COLUMN, BatchRef, ExtentError, ExtentFile, LiveExtent, POSITION_COLUMN, StoredSchema, from_file, join_chunks,
    row_schema, with_columns,
};
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use schema::Column;
use sequencer::{Tiles, checkpoint_path, log_folder, read_entries, witnessed_path};
use tlog::bundle::{self, BatchRecords, BuildError, BundleBuilder, Files, Row};
use tlog::entry::{BatchEntry, SeqRange};
use tlog::note::SignedNote;
use tlog::record::{Cell, Cells, RecordError};
use tlog::tile::{TILE_WIDTH, Tile, TileReader};
use tlog::tree::{MemoryTree, inclusion_proof};
use tlog::{Checkpoint, Policy, TextError};

use crate::cells::ColumnCells;
use crate::error::VaultError;
use crate::open::seeds_path;
use crate::seal::{SealError, batch_tree};
use crate::seeds::{LeafMaterial, SeedsError, parse_seeds};
use crate::table::Table;
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// How long to wait for the log to be published up to what is asked for.
const PUBLISH_WAIT: Duration = Duration::from_secs(30);
const PUBLISH_LOOK: Duration = Duration::from_millis(5);
/// Records of a bundle at most: it is put together in memory.
pub const BUNDLE_RECORDS_MAX: u64 = 1_000_000;
/// How often a file is looked for that another took the place of.
const READ_TRIES: usize = 5;

/// What is to be shown of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Records by the entry of their batch and their position in it.
    Rows(BTreeSet<(u64, u64)>),
    /// All records with these numbers, and that there are no others between them.
    Range(SeqRange),
}

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    #[error("there is no workspace `{name}`")]
    UnknownWorkspace { name: String },
    #[error("there is no table `{name}`")]
    UnknownTable { name: String },
    #[error("there is no column `{name}` in the tables that are asked for")]
    UnknownColumn { name: String },
    #[error("no entry {entry} of the log is a batch of the table `{table}`")]
    UnknownEntry { table: String, entry: u64 },
    #[error("the batch of entry {entry} has {count} records, none at position {position}")]
    UnknownPosition { entry: u64, count: u64, position: u64 },
    #[error("the table `{table}` has {next} records, not those from {first} to {end}")]
    UnknownRecords { table: String, next: u64, first: u64, end: u64 },
    #[error("nothing is asked for")]
    Nothing,
    #[error("{n} records are asked for, and a bundle has at most {BUNDLE_RECORDS_MAX}")]
    TooMany { n: u64 },
    #[error("the records of entry {entry} were destroyed when their time was over")]
    Expired { entry: u64 },
    #[error("the log is not published up to entry {entry} yet")]
    NotPublished { entry: u64 },
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{path}` cannot be read as what it is")]
    Form { path: String, source: TextError },
    #[error("`{path}`: {source}")]
    Seeds { path: PathBuf, source: SeedsError },
    #[error("`{path}` cannot be opened")]
    Sealed { path: PathBuf, source: keys::KeyError },
    #[error("{0}")]
    Damaged(String),
    #[error("a file of records cannot be read")]
    Extent(#[from] ExtentError),
    #[error("the store cannot be read")]
    Vault(#[from] VaultError),
    #[error("the records do not fit their schema")]
    Record(#[from] RecordError),
    #[error("the records do not fit their schema")]
    Seal(#[from] SealError),
    #[error("the records cannot be put together")]
    Columns(#[from] arrow::error::ArrowError),
    #[error("a bundle cannot be put together")]
    Build(#[from] BuildError),
    /// The store was changed, or there is a fault of ours.
    #[error("what the store holds is not what was sealed: {0}")]
    Refused(String),
}

impl Vault {
    /// Puts a bundle together. Cells of the columns in `hidden` are left out, with digests in their place.
    ///
    /// # Errors
    /// When there are no such records, or what the store holds is not what was sealed.
    pub fn prove(
        &self,
        workspace: &str,
        wanted: &BTreeMap<String, Wanted>,
        hidden: &BTreeSet<String>,
    ) -> Result<Files, ProveError> {
        let inner = &self.inner;
        let unknown = || ProveError::UnknownWorkspace { name: workspace.to_string() };
        let workspace = inner.workspace(workspace).ok_or_else(unknown)?;
        let parts: Vec<Part> =
            wanted.iter().map(|(table, wanted)| part(&workspace, table, wanted)).collect::<Result<_, _>>()?;
        let n_records: u64 = parts.iter().flat_map(|part| &part.batches).map(|(_, shown)| shown.len() as u64).sum();
        let last = parts.iter().flat_map(|part| &part.batches).map(|(batch, _)| batch.entry).max();
        let last = last.ok_or(ProveError::Nothing)?;
        if n_records > BUNDLE_RECORDS_MAX {
            return Err(ProveError::TooMany { n: n_records });
        }
        check_hidden(&parts, hidden)?;
        let log = Log::read(inner, &workspace, last)?;
        let mut bundle = BundleBuilder::new(&log.note)?;
        for Part { table, batches, range } in &parts {
            let hidden = hidden_ids(table, hidden);
            for (batch, positions) in batches {
                log.add(inner, &workspace, table, batch, positions, &hidden, &mut bundle)?;
            }
            if let Some(SeqRange { first, count }) = range {
                bundle.range(table.name(), *first, *count);
            }
        }
        let files = bundle.finish();
        let refused = |error: String| ProveError::Refused(error);
        let keys = inner.keys_of(workspace.name()).map_err(refused)?;
        let lines: String = keys.iter().map(|key| format!("log {key}\n")).collect();
        let policy = Policy::parse(&format!("{lines}quorum none\n")).map_err(|error| refused(error.to_string()))?;
        bundle::verify(&files, &policy, &[]).map_err(|error| refused(error.to_string()))?;
        Ok(files)
    }
}

/// What is shown of one table: batches, and positions in each; no positions for a batch that only stands beside a range.
struct Part {
    table: Arc<Table>,
    batches: Vec<(BatchRef, Vec<u64>)>,
    range: Option<SeqRange>,
}

fn part(workspace: &Workspace, name: &str, wanted: &Wanted) -> Result<Part, ProveError> {
    let table = workspace.find_table(name).ok_or_else(|| ProveError::UnknownTable { name: name.to_string() })?;
    let state = table.state();
    let mut batches: Vec<(BatchRef, Vec<u64>)> = Vec::new();
    let mut range = None;
    match wanted {
        Wanted::Rows(rows) => {
            for (entry, position) in rows {
                let unknown = || ProveError::UnknownEntry { table: name.to_string(), entry: *entry };
                let batch = state.catalog.batch(*entry).ok_or_else(unknown)?;
                if *position >= batch.count {
                    let (entry, count) = (*entry, batch.count);
                    return Err(ProveError::UnknownPosition { entry, count, position: *position });
                }
                match batches.last_mut() {
                    Some((last, positions)) if last.entry == *entry => positions.push(*position),
                    _ => batches.push((batch.clone(), vec![*position])),
                }
            }
        }
        Wanted::Range(wanted) => {
            let (first, end) = (wanted.first, wanted.first.saturating_add(wanted.count));
            let next = state.catalog.next();
            if wanted.count == 0 {
                return Err(ProveError::Nothing);
            }
            if end > next {
                return Err(ProveError::UnknownRecords { table: name.to_string(), next, first, end });
            }
            if wanted.count > BUNDLE_RECORDS_MAX {
                return Err(ProveError::TooMany { n: wanted.count });
            }
            // The batches beside the range say when the record before it and the one after it were sealed.
            let from = state.catalog.batches.partition_point(|batch| batch.first.saturating_add(batch.count) < first);
            for batch in state.catalog.batches.iter().skip(from).take_while(|batch| batch.first <= end) {
                let low = first.max(batch.first);
                let high = end.min(batch.first.saturating_add(batch.count));
                batches.push((batch.clone(), (low..high).map(|record| record - batch.first).collect()));
            }
            range = Some(*wanted);
        }
    }
    drop(state);
    Ok(Part { table, batches, range })
}

/// Returns the ids of the columns of a table that are left out.
fn hidden_ids(table: &Table, hidden: &BTreeSet<String>) -> Vec<u16> {
    let schema = table.schema();
    let columns = schema.iter().flat_map(|schema| &schema.doc().columns);
    columns.filter(|column| hidden.contains(&column.name)).map(|column| column.id).collect()
}

/// Looks whether each column that is to be left out is one of some table.
fn check_hidden(parts: &[Part], hidden: &BTreeSet<String>) -> Result<(), ProveError> {
    for name in hidden {
        let has =
            |part: &Part| part.table.schema().is_some_and(|schema| schema.columns().iter().any(|c| c.name == *name));
        if !parts.iter().any(has) {
            return Err(ProveError::UnknownColumn { name: name.clone() });
        }
    }
    Ok(())
}

/// Returns the newest checkpoint with a quorum of cosignatures, and its size.
fn witnessed(inner: &Inner, workspace: &str) -> Option<(SignedNote, u64)> {
    let note = SignedNote::parse(&inner.storage.read(&witnessed_path(workspace)).ok()??).ok()?;
    let size = Checkpoint::parse(&note.text).ok()?.size;
    Some((note, size))
}

/// A workspace's log as it is published.
struct Log<'a> {
    note: SignedNote,
    tiles: TileReader<Tiles<'a>>,
}

impl<'a> Log<'a> {
    /// Waits until the log is published up to an entry. A checkpoint that a quorum of witnesses has cosigned is worth more than a newer
    /// one that none has.
    fn read(inner: &'a Inner, workspace: &Workspace, last: u64) -> Result<Log<'a>, ProveError> {
        let path = checkpoint_path(workspace.name());
        for _ in 0..PUBLISH_WAIT.as_millis() / PUBLISH_LOOK.as_millis().max(1) {
            let read = |source| ProveError::Read { path: PathBuf::from(&path), source };
            if let Some(bytes) = inner.storage.read(&path).map_err(read)? {
                let form = |source| ProveError::Form { path: path.clone(), source };
                let note = SignedNote::parse(&bytes).map_err(form)?;
                let size = Checkpoint::parse(&note.text).map_err(form)?.size;
                if size > last {
                    let witnessed = witnessed(inner, workspace.name());
                    let covers = |(_, witnessed): &(SignedNote, u64)| last < *witnessed && *witnessed <= size;
                    let (note, size) = witnessed.filter(covers).unwrap_or((note, size));
                    let source = Tiles { storage: &*inner.storage, folder: log_folder(workspace.name()) };
                    return Ok(Log { note, tiles: TileReader { source, size } });
                }
            }
            std::thread::sleep(PUBLISH_LOOK);
        }
        Err(ProveError::NotPublished { entry: last })
    }

    #[expect(clippy::too_many_arguments, reason = "all of them are what a batch's evidence is made of")]
    fn add(
        &self,
        inner: &Inner,
        workspace: &Workspace,
        table: &Table,
        batch: &BatchRef,
        positions: &[u64],
        hidden: &[u16],
        bundle: &mut BundleBuilder,
    ) -> Result<(), ProveError> {
        let size = self.tiles.size;
        let damaged = |what: String| ProveError::Damaged(format!("the log is damaged: {what}"));
        let tile =
            Tile::of_log(0, batch.entry / TILE_WIDTH, size).ok_or(ProveError::NotPublished { entry: batch.entry })?;
        let entries = read_entries(&*inner.storage, workspace.name(), tile);
        let bytes = entries.and_then(|mut entries| {
            let place = (batch.entry % TILE_WIDTH) as usize;
            (place < entries.len()).then(|| entries.swap_remove(place))
        });
        let bytes = bytes.ok_or_else(|| damaged(format!("`{}` cannot be read", tile.entries_path())))?;
        let form = |source| ProveError::Form { path: format!("entry {}", batch.entry), source };
        let entry = BatchEntry::parse(&bytes).map_err(form)?;
        let path = inclusion_proof(&self.tiles, batch.entry, size).map_err(|error| damaged(error.to_string()))?;
        let schema = table.state().schemas.get(&batch.schema_id).cloned();
        let schema = schema.ok_or_else(|| damaged(format!("its schema {} is missing", batch.schema_id)))?;
        if positions.is_empty() {
            bundle.batch(batch.entry, &entry, path, schema.doc(), None);
            return Ok(());
        }
        let stored = read_batch(workspace, table, batch, &schema)?;
        let tree: MemoryTree = batch_tree(&schema, &stored.rows, &stored.material)?;
        let columns: Vec<ColumnCells<'_>> = stored.columns(&schema)?;
        let mut rows = Vec::with_capacity(positions.len());
        for position in positions {
            let cells: Vec<Cell<'_>> = columns.iter().map(|column| column.cell(*position as usize)).collect();
            let is_shown = |id| !hidden.contains(&id);
            rows.push(match stored.material.erased.get(position) {
                Some(left) => Row::redacted(*position, schema.doc(), left, &cells, is_shown)?,
                None => {
                    let lost = || ProveError::Damaged(format!("a record of entry {} has no seed", batch.entry));
                    let seed = stored.material.seeds.seed(*position).ok_or_else(lost)?;
                    Row::new(*position, schema.doc(), &seed, &cells, is_shown)?
                }
            });
        }
        let Ok(shown) = BatchRecords::new(&tree, batch.count, rows);
        bundle.batch(batch.entry, &entry, path, schema.doc(), Some(&shown));
        Ok(())
    }
}

/// All records of a batch in their order, and what their leaves are made with.
pub(crate) struct WholeBatch {
    pub rows: RecordBatch,
    pub material: LeafMaterial,
}

impl WholeBatch {
    fn columns(&self, schema: &StoredSchema) -> Result<Vec<ColumnCells<'_>>, ProveError> {
        let array = |column: &Column| self.rows.column_by_name(&column.name);
        let columns = schema.columns().iter().map(|column| ColumnCells::new(array(column)?, column.ktype));
        let columns: Option<Vec<_>> = columns.collect();
        columns.ok_or_else(|| ProveError::Damaged("a column has another type than its schema says".to_string()))
    }
}

/// Reads a batch from wherever it is.
pub(crate) fn read_batch(
    workspace: &Workspace,
    table: &Table,
    batch: &BatchRef,
    schema: &StoredSchema,
) -> Result<WholeBatch, ProveError> {
    try_read_batch(workspace, table, batch, schema, READ_TRIES)
}

fn try_read_batch(
    workspace: &Workspace,
    table: &Table,
    batch: &BatchRef,
    schema: &StoredSchema,
    n_tries: usize,
) -> Result<WholeBatch, ProveError> {
    let state = table.state();
    let hot = state.hot.batches.iter().position(|hot| hot.entry == batch.entry);
    let found = if let Some(place) = hot {
        let leaf_material = state.hot.batches.get(place).map(|hot| hot.leaf_material.clone()).unwrap_or_default();
        let chunks = state.hot.chunks_of(place..place + 1);
        drop(state);
        let rows = with_columns(&join_chunks(&chunks, schema.columns())?, schema.columns())?;
        let material = LeafMaterial::whole(&leaf_material).map_err(|error| ProveError::Damaged(error.to_string()))?;
        WholeBatch { rows, material }
    } else {
        let records = SeqRange { first: batch.first, count: batch.count };
        let is_expired = state.catalog.is_expired(&records);
        let holds = |live: &&LiveExtent| live.extent.records.iter().any(|range| contains(range, &records));
        let live = state.catalog.live.values().find(holds);
        let file = live.and_then(|live| state.files.get(&live.extent.file)?.as_ref().ok().cloned());
        drop(state);
        let entry = batch.entry;
        let lost = || ProveError::Damaged(format!("the records of entry {entry} are in no file that can be read"));
        let file = match file {
            Some(file) => file,
            None if is_expired => return Err(ProveError::Expired { entry }),
            None => return Err(lost()),
        };
        let name = seeds_path(&file.extent().path);
        let path = workspace.folder().join(&name);
        let mut bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            // Another file may just have come in its place.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && n_tries > 0 => {
                return try_read_batch(workspace, table, batch, schema, n_tries - 1);
            }
            Err(source) => return Err(ProveError::Read { path, source }),
        };
        let opened = workspace.at_rest().open_seeds(&name, &mut bytes);
        opened.map_err(|source| ProveError::Sealed { path: path.clone(), source })?;
        let mut seeds = parse_seeds(&bytes).map_err(|source| ProveError::Seeds { path, source })?;
        let material = seeds.remove(&entry).ok_or_else(lost)?;
        WholeBatch { rows: rows_of_batch(&file, batch, schema)?, material }
    };
    if found.rows.num_rows() as u64 != batch.count {
        let (n, count) = (found.rows.num_rows(), batch.count);
        return Err(ProveError::Damaged(format!("entry {} has {count} records, and {n} are there", batch.entry)));
    }
    Ok(found)
}

fn contains(range: &SeqRange, inner: &SeqRange) -> bool {
    inner.first >= range.first && inner.first.saturating_add(inner.count) <= range.first.saturating_add(range.count)
}

/// Reads the rows of a batch out of a file, by their positions.
fn rows_of_batch(file: &Arc<ExtentFile>, batch: &BatchRef, schema: &StoredSchema) -> Result<RecordBatch, ProveError> {
    let entry = i64::try_from(batch.entry).unwrap_or(i64::MAX);
    let mut selectors: Vec<RowSelector> = Vec::new();
    file.rows(&[BATCH_COLUMN], None, |rows| {
        let entries = rows.column(0).as_primitive::<Int64Type>();
        for is_wanted in entries.values().iter().map(|found| *found == entry) {
            match selectors.last_mut() {
                Some(last) if last.skip != is_wanted => last.row_count += 1,
                _ => selectors.push(if is_wanted { RowSelector::select(1) } else { RowSelector::skip(1) }),
            }
        }
        Ok(())
    })?;
    let columns = schema.columns();
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.extend([BATCH_COLUMN, POSITION_COLUMN]);
    let mut parts = Vec::new();
    let mut failed = None;
    file.rows(&names, Some(RowSelection::from(selectors)), |rows| {
        match from_file(&rows, columns) {
            Ok(rows) => parts.push(rows),
            Err(error) => failed = Some(error),
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let rows = concat_batches(&row_schema(columns), &parts)?;
    let positions = rows.column(columns.len() + 1).as_primitive::<Int32Type>();
    let mut places: Vec<u32> = (0..rows.num_rows() as u32).collect();
    places.sort_by_key(|place| positions.values().get(*place as usize).copied());
    let is_whole = places
        .iter()
        .enumerate()
        .all(|(position, place)| positions.values().get(*place as usize).copied() == i32::try_from(position).ok());
    if !is_whole || positions.null_count() > 0 {
        return Err(ProveError::Damaged(format!("the records of entry {} are not each there once", batch.entry)));
    }
    let places = arrow::array::UInt32Array::from(places);
    let arrays = rows.columns().iter().map(|column| take(column, &places, None)).collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(rows.schema(), arrays)?)
}
