//! Writing an extent: an ordinary Parquet file, the hashes of its parts, and an index of terms before the footer.
//!
//! ```text
//! PAR1 │ row group │ row group │ … │ index of terms │ page indexes, metadata, length, PAR1
//!        └ hashed ┘  └ hashed ┘       └── hashed ──┘   └───────── footer, hashed ────────┘      the whole file is hashed too
//! ```

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use keys::Sealer;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use schema::Column;
use sha2::{Digest, Sha256};
use stdx::crash_point;
use tlog::Hash;
use tlog::entry::FilePart;

use crate::bytes::Sink;
use crate::columns::{BATCH_COLUMN, POSITION_COLUMN, file_schema, to_file};
use crate::error::ExtentError;
use crate::table_schema::StoredSchema;

/// Rows of a row group, which is hashed as a whole when any of it is first read.
pub const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a page, the least that is decoded.
pub(crate) const PAGE_ROWS: usize = 4_096;
/// Rows that are handed to the encoder at once.
const WRITE_ROWS: usize = 16_384;
/// Bytes of a dictionary, beyond which the encoder would give it up in the middle of a row group.
const DICTIONARY_BYTES: usize = 1 << 20;
/// Bytes of a page. Long texts are read a page at a time, however few of them are wanted.
pub(crate) const PAGE_BYTES: usize = 256 << 10;
/// Rows after which the encoder looks whether a page is full.
pub(crate) const PAGE_STEP_ROWS: usize = 256;

/// The metadata key of the hash of the table's schema document.
pub(crate) const SCHEMA_KEY: &str = "vidimus.schema";

/// How a file is written.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// Level of zstd, from 1.
    pub zstd_level: i32,
    pub row_group_rows: usize,
}

impl Default for WriterOptions {
    fn default() -> WriterOptions {
        WriterOptions { zstd_level: 1, row_group_rows: ROW_GROUP_ROWS }
    }
}

/// What was written, as its entry in the log says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub bytes: u64,
    pub rows: u64,
    pub file: Hash,
    pub row_groups: Vec<FilePart>,
    pub terms: Option<FilePart>,
    pub footer: FilePart,
}

/// Writes extents.
#[derive(Debug, Clone, Default)]
pub struct ExtentWriter {
    pub options: WriterOptions,
}

impl ExtentWriter {
    /// Writes rows to a new file and makes it durable, though not its name. The rows are sorted as they are to be, in KQL's physical
    /// types, `_batch` and `_pos` last; columns in which nothing is need not be there. `terms` is the index of terms over exactly these rows, or empty.
    ///
    /// # Errors
    /// When the file is there or cannot be written, or a column has another type than the schema says.
    pub fn write(
        &self,
        path: &Path,
        schema: &StoredSchema,
        rows: &RecordBatch,
        terms: &[u8],
    ) -> Result<Written, ExtentError> {
        self.write_sealed(path, schema, rows, terms, None)
    }

    /// Writes a file as [`ExtentWriter::write`] does, with `seal` sealed under a name: what is hashed is the Parquet file before that.
    ///
    /// # Errors
    /// As [`ExtentWriter::write`], and when it cannot be sealed.
    pub fn write_sealed(
        &self,
        path: &Path,
        schema: &StoredSchema,
        rows: &RecordBatch,
        terms: &[u8],
        seal: Option<(&Sealer, &str)>,
    ) -> Result<Written, ExtentError> {
        let io = || ExtentError::io(path);
        let parquet = ExtentError::parquet(path);
        let file = Sink::create(path, seal)?;
        crash_point("extent.created");
        let is_there = |column: &&Column| rows.column_by_name(&column.name).is_some();
        let columns: Vec<Column> = schema.columns().iter().filter(is_there).cloned().collect();
        let arrow_schema = file_schema(&columns, rows);
        let properties = self.properties(&arrow_schema, rows);
        let sink = HashingWriter::new(file);
        let mut writer = ArrowWriter::try_new(sink, arrow_schema.clone(), Some(properties)).map_err(&parquet)?;
        writer.sync().map_err(io())?;
        writer.inner_mut().cut();
        let mut row_groups = Vec::new();
        let mut first = 0;
        while first < rows.num_rows() {
            let group_end = (first + self.options.row_group_rows.max(1)).min(rows.num_rows());
            while first < group_end {
                let n_rows = WRITE_ROWS.min(group_end - first);
                let part = to_file(&rows.slice(first, n_rows), &arrow_schema);
                let part = part.map_err(|error| parquet(error.into()))?;
                writer.write(&part).map_err(&parquet)?;
                first += n_rows;
            }
            writer.flush().map_err(&parquet)?;
            writer.sync().map_err(io())?;
            row_groups.push(writer.inner_mut().cut());
            crash_point("extent.row-group");
        }
        writer.append_key_value_metadata(KeyValue::new(SCHEMA_KEY.to_string(), schema.doc().hash().to_string()));
        let mut terms_part = None;
        if !terms.is_empty() {
            writer.write_all(terms).map_err(io())?;
            writer.sync().map_err(io())?;
            terms_part = Some(writer.inner_mut().cut());
        }
        let mut sink = writer.into_inner().map_err(&parquet)?;
        sink.flush().map_err(io())?;
        let footer = sink.cut();
        crash_point("extent.written");
        let HashingWriter { inner, file, n_bytes, .. } = sink;
        inner.finish().map_err(io())?;
        crash_point("extent.synced");
        let rows = rows.num_rows() as u64;
        let file = Hash(file.finalize().into());
        Ok(Written { bytes: n_bytes, rows, file, row_groups, terms: terms_part, footer })
    }

    fn properties(&self, schema: &SchemaRef, rows: &RecordBatch) -> WriterProperties {
        let level = ZstdLevel::try_new(self.options.zstd_level).unwrap_or_default();
        let mut properties = WriterProperties::builder()
            .set_created_by("vidimus".to_string())
            .set_compression(Compression::ZSTD(level))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_data_page_size_limit(PAGE_BYTES)
            .set_write_batch_size(PAGE_STEP_ROWS)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES)
            .set_max_row_group_row_count(None)
            .set_column_index_truncate_length(Some(32))
            .set_statistics_truncate_length(Some(64));
        for name in [BATCH_COLUMN, POSITION_COLUMN] {
            let path = ColumnPath::from(name);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        for (field, array) in schema.fields().iter().zip(rows.columns()) {
            let path = ColumnPath::from(vec![field.name().clone()]);
            match array.data_type() {
                arrow::datatypes::DataType::Utf8View => {
                    if !repeats(array, self.options.row_group_rows) {
                        properties = properties.set_column_dictionary_enabled(path.clone(), false);
                    }
                    let kind = field.metadata().get(schema::FIELD_TYPE_KEY).map(String::as_str);
                    if kind == Some("dynamic") {
                        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
                    }
                }
                arrow::datatypes::DataType::Int64
                    if field.name() != BATCH_COLUMN && !repeats(array, self.options.row_group_rows) =>
                {
                    properties = properties
                        .set_column_dictionary_enabled(path.clone(), false)
                        .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
                }
                _ => {}
            }
        }
        properties.build()
    }
}

/// Returns whether a column's values repeat so much that a dictionary pays: each row group has its own, so one is counted.
fn repeats(array: &Arc<dyn Array>, row_group_rows: usize) -> bool {
    let n_rows = array.len().min(row_group_rows.max(1));
    let (n_max, mut n_bytes) = (n_rows.max(2) / 2, 0);
    if let Some(texts) = array.as_string_view_opt() {
        let mut seen: HashSet<&str> = HashSet::new();
        for text in texts.iter().take(n_rows).map(Option::unwrap_or_default) {
            if seen.insert(text) {
                n_bytes += text.len() + 4;
            }
            if seen.len() > n_max || n_bytes > DICTIONARY_BYTES {
                return false;
            }
        }
    } else if let Some(values) = array.as_primitive_opt::<arrow::datatypes::Int64Type>() {
        let mut seen: HashSet<i64> = HashSet::new();
        for value in values.iter().take(n_rows).flatten() {
            seen.insert(value);
            if seen.len() > n_max || seen.len() * 8 > DICTIONARY_BYTES {
                return false;
            }
        }
    }
    true
}

/// Hashes what goes through it: the whole, and the part since the last cut.
struct HashingWriter<W> {
    inner: W,
    file: Sha256,
    part: Sha256,
    n_bytes: u64,
    /// Bytes before the part.
    n_before: u64,
}

impl<W: Write> HashingWriter<W> {
    fn new(inner: W) -> HashingWriter<W> {
        HashingWriter { inner, file: Sha256::new(), part: Sha256::new(), n_bytes: 0, n_before: 0 }
    }

    /// Ends a part.
    fn cut(&mut self) -> FilePart {
        let bytes = self.n_bytes - std::mem::replace(&mut self.n_before, self.n_bytes);
        FilePart { bytes, hash: Hash(self.part.finalize_reset().into()) }
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        let written = bytes.get(..n).unwrap_or(&[]);
        self.file.update(written);
        self.part.update(written);
        self.n_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
