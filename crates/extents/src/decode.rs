//! Columns of one row group, decoded to KQL's physical types, and what the footer says of their values.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use schema::{KqlType, ticks};

use crate::columns::kql_array;
use crate::error::ExtentError;
use crate::reader::ExtentFile;

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
        // A view of a text takes 16 bytes, everything else 8 or less.
        (bytes(column.compressed_size()), bytes(column.uncompressed_size()) + 16 * bytes(group.num_rows()))
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

    /// Decodes columns of a row group, all rows or those of a selection, in KQL's physical types.
    ///
    /// # Errors
    /// When the row group is not what was sealed, or cannot be decoded.
    pub fn decode(
        self: &Arc<Self>,
        row_group: usize,
        columns: &[(usize, KqlType)],
        selection: Option<RowSelection>,
    ) -> Result<Vec<ArrayRef>, ExtentError> {
        let schema = self.metadata().schema();
        let names: Vec<&str> =
            columns.iter().filter_map(|(place, _)| Some(schema.fields().get(*place)?.name().as_str())).collect();
        let n_rows = self.metadata().metadata().row_groups().get(row_group).map_or(0, RowGroupMetaData::num_rows);
        let mut builder = self
            .builder(&names)
            .with_row_groups(vec![row_group])
            .with_batch_size(usize::try_from(n_rows).unwrap_or(0).max(1));
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let mut parts: Vec<RecordBatch> = Vec::with_capacity(1);
        self.each_batch(builder, &mut |batch| {
            parts.push(batch);
            Ok(())
        })?;
        names.iter().zip(columns).map(|(name, (_, ktype))| self.column_of(&parts, name, *ktype)).collect()
    }

    fn column_of(&self, parts: &[RecordBatch], name: &str, ktype: KqlType) -> Result<ArrayRef, ExtentError> {
        let failed = ExtentError::parquet(self.path());
        let arrays = parts.iter().filter_map(|part| part.column_by_name(name)).map(|array| match array.data_type() {
            DataType::Int32 if ktype == KqlType::Long => cast(array, &DataType::Int64),
            _ => kql_array(array, &ktype.arrow()),
        });
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>().map_err(|error| failed(error.into()))?;
        match arrays.as_slice() {
            [] => Ok(ktype.empty_column(0)),
            [array] => Ok(array.clone()),
            several => {
                let several: Vec<&dyn arrow::array::Array> = several.iter().map(AsRef::as_ref).collect();
                concat(&several).map_err(|error| failed(error.into()))
            }
        }
    }

    fn chunk(&self, row_group: usize, place: usize) -> Option<(&RowGroupMetaData, &ColumnChunkMetaData)> {
        let group = self.metadata().metadata().row_groups().get(row_group)?;
        Some((group, group.columns().get(place)?))
    }
}
