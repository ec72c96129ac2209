//! Columns of one row group, decoded to KQL's physical types, and what the footer says of their values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::basic::Type;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use schema::{KqlType, ticks};

use crate::columns::kql_array;
use crate::error::ExtentError;
use crate::reader::ExtentFile;
use crate::writer::{PAGE_BYTES, PAGE_ROWS, PAGE_STEP_ROWS};

/// Rows of a piece of a decoded column.
pub const PIECE_ROWS: usize = 16_384;

/// What a footer says of the values of a column in a row group: numbers, or ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub least: i64,
    pub greatest: i64,
    pub n_nulls: u64,
}

impl ExtentFile {
    /// Returns where a column stands in the file; `None` when it is not there: then nothing is in it.
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.metadata().schema().index_of(name).ok()
    }

    /// Returns the rows of each row group.
    pub fn row_group_sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.metadata().metadata().row_groups().iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
    }

    /// Returns the bytes that a column of a row group takes in the file, and a guess at those that it takes decoded.
    pub fn column_bytes(&self, row_group: usize, place: usize) -> (u64, u64) {
        let Some((group, column)) = self.chunk(row_group, place) else { return (0, 0) };
        let bytes = |n: i64| u64::try_from(n).unwrap_or(0);
        let n_rows = bytes(group.num_rows());
        let decoded = match column.column_type() {
            // A text is where it was, and a view of it takes 16 bytes.
            Type::BYTE_ARRAY => bytes(column.uncompressed_size()) + 16 * n_rows,
            Type::BOOLEAN => n_rows / 8,
            Type::INT32 | Type::FLOAT => 4 * n_rows,
            Type::INT64 | Type::DOUBLE | Type::INT96 => 8 * n_rows,
            Type::FIXED_LEN_BYTE_ARRAY => 32 * n_rows,
        };
        (bytes(column.compressed_size()), decoded)
    }

    /// Returns the rows of a page of a column, the least that is decoded, about.
    pub fn page_rows(&self, row_group: usize, place: usize) -> usize {
        let n_rows = self.row_group_sizes().nth(row_group).unwrap_or(0) as u64;
        let (_, n_bytes) = self.column_bytes(row_group, place);
        let in_bytes = PAGE_BYTES as u64 * n_rows / n_bytes.max(1);
        usize::try_from(in_bytes).unwrap_or(PAGE_ROWS).clamp(PAGE_STEP_ROWS, PAGE_ROWS)
    }

    /// Returns the bounds of a column's values in a row group: of whole numbers and times, when the footer has them.
    pub fn bounds(&self, row_group: usize, place: usize) -> Option<Bounds> {
        let (_, column) = self.chunk(row_group, place)?;
        let statistics = column.statistics()?;
        let (least, greatest) = match statistics {
            Statistics::Int32(values) => (i64::from(*values.min_opt()?), i64::from(*values.max_opt()?)),
            Statistics::Int64(values) => (*values.min_opt()?, *values.max_opt()?),
            _ => return None,
        };
        let number: fn(i64) -> i64 = match self.metadata().schema().fields().get(place)?.data_type() {
            DataType::Int32 | DataType::Int64 => |value| value,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => |nanos| nanos.div_euclid(100) + ticks::UNIX_EPOCH,
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                |micros| micros.saturating_mul(10).saturating_add(ticks::UNIX_EPOCH)
            }
            _ => return None,
        };
        Some(Bounds { least: number(least), greatest: number(greatest), n_nulls: statistics.null_count_opt()? })
    }

    /// Decodes a column of a row group in KQL's physical type: pieces of [`PIECE_ROWS`] rows, the last of what is left.
    ///
    /// # Errors
    /// When the row group is not what was sealed, or cannot be decoded.
    pub fn decode(
        self: &Arc<Self>,
        row_group: usize,
        place: usize,
        ktype: KqlType,
    ) -> Result<Vec<ArrayRef>, ExtentError> {
        let parts = self.parts(row_group, &[(place, ktype)], None)?;
        parts.iter().filter_map(|part| part.columns().first()).map(|array| self.kql(array, ktype)).collect()
    }

    /// Decodes some rows of columns of a row group in KQL's physical types.
    ///
    /// # Errors
    /// When the row group is not what was sealed, or cannot be decoded.
    pub fn decode_some(
        self: &Arc<Self>,
        row_group: usize,
        columns: &[(usize, KqlType)],
        selection: RowSelection,
    ) -> Result<Vec<ArrayRef>, ExtentError> {
        let parts = self.parts(row_group, columns, Some(selection))?;
        let column = |(place, ktype): &(usize, KqlType)| {
            let name = self.metadata().schema().fields().get(*place).map_or("", |field| field.name().as_str());
            let arrays = parts.iter().filter_map(|part| part.column_by_name(name)).map(|array| self.kql(array, *ktype));
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            match arrays.as_slice() {
                [] => Ok(ktype.empty_column(0)),
                arrays => concat(arrays).map_err(|error| ExtentError::parquet(self.path())(error.into())),
            }
        };
        columns.iter().map(column).collect()
    }

    fn parts(
        self: &Arc<Self>,
        row_group: usize,
        columns: &[(usize, KqlType)],
        selection: Option<RowSelection>,
    ) -> Result<Vec<RecordBatch>, ExtentError> {
        let fields = self.metadata().schema().fields();
        let names = columns.iter().filter_map(|(place, _)| Some(fields.get(*place)?.name().as_str()));
        let builder = self.builder(&names.collect::<Vec<_>>());
        let mut builder = builder.with_row_groups(vec![row_group]).with_batch_size(PIECE_ROWS);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let mut parts = Vec::new();
        self.each_batch(builder, &mut |batch| {
            parts.push(batch);
            Ok(())
        })?;
        Ok(parts)
    }

    fn kql(&self, array: &ArrayRef, ktype: KqlType) -> Result<ArrayRef, ExtentError> {
        let array = match array.data_type() {
            DataType::Int32 if ktype == KqlType::Long => cast(array, &DataType::Int64),
            _ => kql_array(array, &ktype.arrow()),
        };
        array.map_err(|error| ExtentError::parquet(self.path())(error.into()))
    }

    fn chunk(&self, row_group: usize, place: usize) -> Option<(&RowGroupMetaData, &ColumnChunkMetaData)> {
        let group = self.metadata().metadata().row_groups().get(row_group)?;
        Some((group, group.columns().get(place)?))
    }
}
