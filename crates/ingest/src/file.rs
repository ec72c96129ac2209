//! Files of records: sorted by time, with an index of terms and the seeds of their batches, and named by an entry of the log.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use extents::{ExtentError, ExtentFile, ExtentWriter, StoredSchema, TIME_COLUMN};
use lifecycle::DAY;
use schema::KqlType;
use stdx::crash_point;
use terms::{IndexBuilder, IndexError, Options, TextKind};
use tlog::Hash;
use tlog::entry::{Entry, Extent, SeqRange};

use crate::error::VaultError;
use crate::open::seeds_path;
use crate::seeds::{LeafMaterial, seeds_bytes};
use crate::table::{Rewriting, Table};
use crate::vault::Inner;
use crate::workspace::Workspace;

/// A batch in a file.
pub(crate) struct FileBatch {
    /// The index of its entry in the log.
    pub entry: u64,
    pub records: SeqRange,
    pub material: LeafMaterial,
}

/// A file to be written.
pub(crate) struct NewFile<'a> {
    pub schema: &'a StoredSchema,
    /// By their records, ascending.
    pub batches: Vec<FileBatch>,
    /// Exactly the records of the batches, by time.
    pub rows: &'a RecordBatch,
    /// The files in whose place it comes.
    pub replaces: Vec<Hash>,
}

impl Inner {
    /// Writes a file, reads it back, and names it in the log. Returns what the log says of it, and the index of that entry.
    ///
    /// # Errors
    /// When it cannot be written or sealed; then nothing of it stays, unless it is not known whether it was sealed.
    pub fn write_and_seal(
        &self,
        workspace: &Workspace,
        table: &Table,
        file: &NewFile<'_>,
    ) -> Result<(Extent, Arc<ExtentFile>, u64), VaultError> {
        let path = extent_path(table, &file.batches, file.rows)?;
        let sealed = self.write_at(workspace, table, file, &path);
        // What failed for good is not to take the space that is perhaps missing.
        if let Err(error) = &sealed
            && !matches!(error, VaultError::MaybeSealed { .. })
        {
            let _ = remove_extent(workspace, &path);
        }
        sealed
    }

    fn write_at(
        &self,
        workspace: &Workspace,
        table: &Table,
        file: &NewFile<'_>,
        path: &str,
    ) -> Result<(Extent, Arc<ExtentFile>, u64), VaultError> {
        let extent = write_extent(workspace, table, file, path)?;
        let opened = Arc::new(workspace.open_extent(extent.clone()).map_err(extent_error(table))?);
        crash_point("flush.durable");
        let entry = self.seal_entry(workspace, Entry::Extent(extent.clone()))?;
        Ok((extent, opened, entry))
    }
}

/// Returns the path of a new file of records, relative to the workspace's folder.
fn extent_path(table: &Table, batches: &[FileBatch], rows: &RecordBatch) -> Result<String, VaultError> {
    let first = batches.first().map_or(0, |batch| batch.records.first);
    let end = batches.last().map_or(0, |batch| batch.records.first.saturating_add(batch.records.count));
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| VaultError::Random(error.to_string()))?;
    let random = u32::from_be_bytes(random);
    Ok(format!("data/{}/{}/{first}-{end}-{random:08x}.parquet", table.name(), day(rows)))
}

/// Writes a file and the seeds of its batches, and makes both durable.
fn write_extent(workspace: &Workspace, table: &Table, file: &NewFile<'_>, path: &str) -> Result<Extent, VaultError> {
    let NewFile { schema, batches, rows, replaces } = file;
    let absolute = workspace.folder().join(path);
    if let Some(parent) = absolute.parent() {
        std::fs::create_dir_all(parent).map_err(VaultError::io(parent))?;
    }
    let writer = ExtentWriter::default();
    // A file without an index is a file all the same.
    let terms = index_of_terms(schema, rows).unwrap_or_default();
    let seal = workspace.at_rest().sealer().map(|sealer| (sealer, path));
    let written = writer.write_sealed(&absolute, schema, rows, &terms, seal).map_err(extent_error(table))?;
    let mut seeds = seeds_bytes(batches.iter().map(|batch| (batch.entry, &batch.material)));
    let seeds_path = seeds_path(path);
    workspace.at_rest().seal_seeds(&seeds_path, &mut seeds)?;
    let seeds_path = workspace.folder().join(seeds_path);
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
        replaces: replaces.clone(),
        time: 0,
    })
}

/// Removes a file of records and its seeds for good.
///
/// # Errors
/// The first of the two that cannot be removed; the other is gone all the same.
fn remove_extent(workspace: &Workspace, path: &str) -> Result<(), VaultError> {
    let remove = |path: String| {
        let path = workspace.folder().join(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            removed => removed.map_err(VaultError::io(&path))?,
        }
        crash_point("file.removed");
        let folder = path.parent().unwrap_or(workspace.folder());
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(VaultError::io(folder))
    };
    let seeds = remove(seeds_path(path));
    remove(path.to_string()).and(seeds)
}

/// Removes what is left of files in whose place others came, or that were destroyed. What cannot be removed now is tried again.
///
/// # Errors
/// The last of those that cannot be removed.
pub(crate) fn remove_doomed(
    workspace: &Workspace,
    table: &Table,
    _rewriting: &Rewriting<'_>,
) -> Result<(), VaultError> {
    let doomed = std::mem::take(&mut table.state().doomed);
    let mut removed = Ok(());
    for path in doomed {
        if let Err(error) = remove_extent(workspace, &path) {
            removed = Err(error);
            table.state().doomed.push(path);
        }
    }
    removed
}

pub(crate) fn extent_error(table: &Table) -> impl FnOnce(ExtentError) -> VaultError {
    let table = table.name().to_string();
    move |source| VaultError::Extent { table, source: Arc::new(source) }
}

/// Returns the runs of records of batches, joined.
fn ranges(batches: &[FileBatch]) -> Vec<SeqRange> {
    let mut ranges: Vec<SeqRange> = Vec::new();
    for FileBatch { records, .. } in batches {
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
