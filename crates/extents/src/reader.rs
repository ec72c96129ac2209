//! Reading an extent: nothing of a file is used before its hash was compared with the log.
//!
//! The footer is hashed when the file is opened, a row group or the index of terms when any of it is first read. What was found
//! whole once is not hashed again while the file is open. The hashes are of the Parquet file, whether it is sealed on the disk or not.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use bytes::Bytes;
use keys::Sealer;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use terms::TermIndex;
use tlog::Hash;
use tlog::entry::{EXTENT_HEAD_BYTES, Extent, FilePart};

use crate::bytes::StoredBytes;
use crate::error::ExtentError;
use crate::writer::SCHEMA_KEY;

/// A part of a file that has a hash of its own; the footer is verified when a file is opened.
enum Part {
    RowGroup(usize),
    Terms,
    Whole,
}

/// An open extent.
#[derive(Debug)]
pub struct ExtentFile {
    path: PathBuf,
    bytes: StoredBytes,
    extent: Extent,
    metadata: ArrowReaderMetadata,
    /// The bytes of each row group.
    row_groups: Vec<Range<u64>>,
    is_whole: Vec<AtomicBool>,
    /// The bytes of the index of terms.
    terms: Option<Range<u64>>,
    read_terms: OnceLock<Option<TermIndex>>,
}

impl ExtentFile {
    /// Opens the file that an entry of the log is about. `root` is the folder that its path is relative to.
    ///
    /// # Errors
    /// When the file cannot be read, or its length or footer is not what the log says.
    pub fn open(root: &Path, extent: Extent) -> Result<ExtentFile, ExtentError> {
        ExtentFile::open_sealed(root, extent, None)
    }

    /// Opens a file as [`ExtentFile::open`] does; one that was sealed with its sealer.
    ///
    /// # Errors
    /// As [`ExtentFile::open`], and when the file is not sealed as it should be.
    pub fn open_sealed(root: &Path, extent: Extent, sealer: Option<&Sealer>) -> Result<ExtentFile, ExtentError> {
        let path = root.join(&extent.path);
        let stored = StoredBytes::open(root, &extent.path, sealer)?;
        let found = stored.len();
        if found != extent.bytes {
            return Err(ExtentError::Length { path, expected: extent.bytes, found });
        }
        let mut at = EXTENT_HEAD_BYTES;
        let mut next = |part: &FilePart| {
            let range = at..at.saturating_add(part.bytes);
            at = range.end;
            range
        };
        let row_groups: Vec<Range<u64>> = extent.row_groups.iter().map(&mut next).collect();
        let terms = extent.terms.as_ref().map(&mut next);
        let footer = next(&extent.footer);
        // Everything that the decoder looks at to begin with is verified, then decoded.
        let bytes = stored.get(footer.clone()).map_err(ExtentError::io(&path))?;
        let hash = Hash::of(&bytes);
        if hash != extent.footer.hash {
            let what = "the footer".into();
            let (first, end, expected) = (footer.start, footer.end, extent.footer.hash);
            return Err(ExtentError::Changed { path, what, first, end, expected, found: hash });
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let metadata = ArrowReaderMetadata::load(&stored, options).map_err(ExtentError::parquet(&path))?;
        let is_same = metadata.metadata().num_row_groups() == row_groups.len()
            && u64::try_from(metadata.metadata().file_metadata().num_rows()) == Ok(extent.rows);
        if !is_same {
            let why = "it has other rows or row groups than the log says".to_string();
            return Err(ExtentError::Content { path, why });
        }
        let is_whole = row_groups.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(ExtentFile {
            path,
            bytes: stored,
            extent,
            metadata,
            row_groups,
            is_whole,
            terms,
            read_terms: OnceLock::new(),
        })
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what the log says of the file.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// Returns the footer, which is what was sealed.
    pub fn metadata(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }

    /// Returns the hash of the table's schema at the time of writing.
    pub fn schema_hash(&self) -> Option<Hash> {
        key_value(self.metadata.metadata(), SCHEMA_KEY).and_then(Hash::from_hex)
    }

    /// Returns bytes of the file that are what was sealed.
    ///
    /// # Errors
    /// When they cannot be read, or a row group that they belong to is not what was sealed.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, ExtentError> {
        for (idx, row_group) in self.row_groups.iter().enumerate() {
            if row_group.start < range.end && range.start < row_group.end {
                self.check_row_group(idx)?;
            }
        }
        let bytes = self.bytes.get(range).map_err(ExtentError::io(&self.path))?;
        Ok(Bytes::from(bytes))
    }

    /// Compares a row group with the log, unless that was done.
    ///
    /// # Errors
    /// When it cannot be read or is not what was sealed.
    pub fn check_row_group(&self, idx: usize) -> Result<(), ExtentError> {
        let (Some(is_whole), Some(range), Some(part)) =
            (self.is_whole.get(idx), self.row_groups.get(idx), self.extent.row_groups.get(idx))
        else {
            return Ok(());
        };
        if !is_whole.load(Ordering::Acquire) {
            self.check(Part::RowGroup(idx), range.clone(), &part.hash)?;
            is_whole.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Returns the index of terms; `None` when the file has none, it is not what was sealed or of a form that is not known, for a query
    /// can do without.
    pub fn terms(&self) -> Option<&TermIndex> {
        let read = || {
            let (range, part) = self.terms.as_ref().zip(self.extent.terms.as_ref())?;
            let bytes = self.bytes.get(range.clone()).ok()?;
            if Hash::of(&bytes) != part.hash {
                return None;
            }
            TermIndex::open(Bytes::from(bytes)).ok().filter(|index| index.rows() == self.extent.rows)
        };
        self.read_terms.get_or_init(read).as_ref()
    }

    /// Compares every byte of the file with the log.
    ///
    /// # Errors
    /// The first part that is not what was sealed, or that the file cannot be read.
    pub fn check_all(&self) -> Result<(), ExtentError> {
        for (idx, (range, part)) in self.row_groups.iter().zip(&self.extent.row_groups).enumerate() {
            self.check(Part::RowGroup(idx), range.clone(), &part.hash)?;
        }
        if let Some((range, part)) = self.terms.as_ref().zip(self.extent.terms.as_ref()) {
            self.check(Part::Terms, range.clone(), &part.hash)?;
        }
        self.check(Part::Whole, 0..self.extent.bytes, &self.extent.file)
    }

    /// Reads rows as they are in the file. `columns` are names; those that the file lacks are left out.
    ///
    /// # Errors
    /// When a part that is read is not what was sealed, or cannot be decoded.
    pub fn rows(
        self: &Arc<Self>,
        columns: &[&str],
        selection: Option<RowSelection>,
        mut each: impl FnMut(RecordBatch) -> Result<(), ExtentError>,
    ) -> Result<(), ExtentError> {
        let builder = self.builder(columns);
        let builder = match selection {
            Some(selection) => builder.with_row_selection(selection),
            None => builder,
        };
        self.each_batch(builder, &mut each)
    }

    /// Reads the rows of one row group as they are in the file, as [`ExtentFile::rows`] does.
    ///
    /// # Errors
    /// When the row group is not what was sealed, or cannot be decoded.
    pub fn row_group_rows(
        self: &Arc<Self>,
        idx: usize,
        columns: &[&str],
        mut each: impl FnMut(RecordBatch) -> Result<(), ExtentError>,
    ) -> Result<(), ExtentError> {
        self.each_batch(self.builder(columns).with_row_groups(vec![idx]), &mut each)
    }

    pub(crate) fn builder(self: &Arc<Self>, columns: &[&str]) -> ParquetRecordBatchReaderBuilder<CheckedFile> {
        let source = CheckedFile(self.clone());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone());
        let places = columns.iter().filter_map(|name| self.metadata.schema().index_of(name).ok());
        let mask = ProjectionMask::roots(builder.parquet_schema(), places);
        builder.with_projection(mask).with_batch_size(8192)
    }

    pub(crate) fn each_batch(
        &self,
        builder: ParquetRecordBatchReaderBuilder<CheckedFile>,
        each: &mut impl FnMut(RecordBatch) -> Result<(), ExtentError>,
    ) -> Result<(), ExtentError> {
        let parquet = ExtentError::parquet(&self.path);
        for batch in builder.build().map_err(&parquet)? {
            each(batch.map_err(|error| parquet(error.into()))?)?;
        }
        Ok(())
    }

    fn check(&self, part: Part, range: Range<u64>, expected: &Hash) -> Result<(), ExtentError> {
        let found = self.bytes.hash(range.clone(), |_| ()).map_err(ExtentError::io(&self.path))?;
        if found == *expected {
            return Ok(());
        }
        let what = match part {
            Part::RowGroup(idx) => format!("row group {idx}").into(),
            Part::Terms => "the index of terms".into(),
            Part::Whole => "the whole file".into(),
        };
        let (first, end) = (range.start, range.end);
        Err(ExtentError::Changed { path: self.path.clone(), what, first, end, expected: *expected, found })
    }
}

fn key_value<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

/// The file as the decoder reads it.
pub(crate) struct CheckedFile(Arc<ExtentFile>);

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.0.extent.bytes
    }
}

impl ChunkReader for CheckedFile {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(io::Cursor::new(self.get_bytes(start, usize::try_from(self.len().saturating_sub(start))?)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let range = start..start.saturating_add(length as u64);
        self.0.read(range).map_err(|error| ParquetError::External(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExtentWriter, StoredSchema, WriterOptions, from_file};
    use arrow::array::{ArrayRef, Int32Array, Int64Array, StringViewArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{Field, Schema};
    use schema::{Column, KqlType};
    use terms::{IndexBuilder, Options, Subject, TextKind};
    use tlog::entry::SeqRange;

    fn example() -> (StoredSchema, RecordBatch) {
        let columns = [
            Column::new("TimeGenerated", KqlType::Datetime),
            Column::new("User", KqlType::String),
            Column::new("Rest", KqlType::Dynamic),
            Column::new("N", KqlType::Long),
        ];
        let schema = StoredSchema::new("T", &columns).expect("a schema");
        let n = 90;
        let texts = |text: fn(i64) -> String| StringViewArray::from_iter_values((0..n).map(text));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values((0..n).map(|row| 639_000_000_000_000_000 + row * 7))),
            Arc::new(texts(|row| format!("user{}@contoso.example", row % 9))),
            Arc::new(texts(|row| format!("{{\"id\":\"{:x}\"}}", row * 0x9e37_79b9))),
            Arc::new(Int64Array::from_iter((0..n).map(|row| (row % 3 > 0).then_some(row)))),
            Arc::new(Int64Array::from(vec![4; n as usize])),
            Arc::new(Int32Array::from_iter_values(0..n as i32)),
        ];
        let names = columns.iter().map(|column| column.name.as_str()).chain(["_batch", "_pos"]);
        let fields = names.zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true));
        let fields: Vec<Field> = fields.collect();
        (schema, RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("rows"))
    }

    fn index(rows: &RecordBatch) -> Vec<u8> {
        let mut builder = IndexBuilder::new(Options { block_rows: 64, ..Options::default() }).expect("a builder");
        builder.column(1, TextKind::String).expect("a column");
        builder.push(1, rows.column(1)).expect("texts");
        builder.finish(rows.num_rows() as u64).expect("an index")
    }

    /// Writes the example into a folder and returns its entry.
    fn write(root: &Path) -> (Extent, RecordBatch) {
        let (schema, rows) = example();
        let writer = ExtentWriter { options: WriterOptions { row_group_rows: 40, ..WriterOptions::default() } };
        let written = writer.write(&root.join("a.parquet"), &schema, &rows, &index(&rows)).expect("written");
        let extent = Extent {
            table: "T".to_string(),
            path: "a.parquet".to_string(),
            bytes: written.bytes,
            rows: written.rows,
            file: written.file,
            footer: written.footer,
            row_groups: written.row_groups,
            terms: written.terms,
            records: vec![SeqRange { first: 0, count: written.rows }],
            replaces: Vec::new(),
            time: 0,
        };
        (extent, rows)
    }

    /// Reads all that queries read; `None` for the index if it is not what it was.
    fn read(root: &Path, extent: &Extent) -> Result<(Vec<ArrayRef>, Option<u32>), ExtentError> {
        let file = Arc::new(ExtentFile::open(root, extent.clone())?);
        let (schema, _) = example();
        let names: Vec<&str> =
            schema.columns().iter().map(|column| column.name.as_str()).chain(["_batch", "_pos"]).collect();
        let mut batches = Vec::new();
        file.rows(&names, None, |batch| {
            batches.push(
                from_file(&batch, schema.columns()).map_err(|error| ExtentError::parquet(&file.path)(error.into()))?,
            );
            Ok(())
        })?;
        let schema = batches.first().map(RecordBatch::schema).expect("a batch");
        let rows = concat_batches(&schema, &batches).expect("rows");
        let found = file.terms().map(|index| index.blocks(&Subject::value(1).equals("user7@contoso.example")).count());
        Ok((rows.columns().to_vec(), found))
    }

    #[test]
    fn what_was_written_is_read() {
        let root = tempfile::tempdir().expect("a folder");
        let (extent, rows) = write(root.path());
        assert_eq!(extent.row_groups.len(), 3);
        let (found, terms) = read(root.path(), &extent).expect("read");
        assert_eq!((found.as_slice(), terms), (rows.columns(), Some(2)));
        ExtentFile::open(root.path(), extent).expect("open").check_all().expect("whole");
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read_and_each_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let (extent, rows) = write(root.path());
        let path = root.path().join("a.parquet");
        let whole = std::fs::read(&path).expect("a file");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &flipped).expect("written");
            if let Ok((found, terms)) = read(root.path(), &extent) {
                assert_eq!(found.as_slice(), rows.columns(), "bit {bit} changes rows");
                assert!(terms.is_none_or(|n_blocks| n_blocks == 2), "bit {bit} changes the index");
            }
            let named = ExtentFile::open(root.path(), extent.clone()).and_then(|file| file.check_all());
            assert!(named.is_err(), "bit {bit} is not found");
        }
        for len in [0, 7, whole.len() - 1, whole.len() + 1] {
            let mut cut = whole.clone();
            cut.resize(len, 0);
            std::fs::write(&path, &cut).expect("written");
            assert!(matches!(ExtentFile::open(root.path(), extent.clone()), Err(ExtentError::Length { .. })));
        }
    }
}
