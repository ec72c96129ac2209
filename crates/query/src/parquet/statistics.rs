//! What a file's footer says of its columns, in the table's types.

use super::adapter::FileColumn;
use super::conversion::Conversion;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::scalar::ScalarValue;
use files::ParquetFile;
use schema::{Column, KqlType};
use std::collections::HashMap;
use std::sync::Arc;

/// Statistics of a file.
pub struct FileStatistics {
    /// Of the table's columns, as a scan gives them.
    pub statistics: Statistics,
    /// For each column of the table, whether the file may have nulls in it.
    pub has_nulls: Vec<bool>,
}

impl FileStatistics {
    /// Reads a file's footer.
    pub fn of(file: &ParquetFile, columns: &[Column], file_columns: &HashMap<String, FileColumn>) -> FileStatistics {
        let fields: Vec<Field> = file.schema.fields().iter().map(|field| read_as(field)).collect();
        let own_schema = Arc::new(Schema::new(fields));
        let own = DFParquetMetadata::statistics_from_parquet_metadata(&file.footer, &own_schema);
        let own = own.unwrap_or_else(|_| Statistics::new_unknown(&own_schema));
        let mut has_nulls = Vec::with_capacity(columns.len());
        let mut column_statistics = Vec::with_capacity(columns.len());
        for (i, column) in columns.iter().enumerate() {
            let place = file.fields.get(i).copied().flatten();
            let found =
                place.and_then(|place| Some((own_schema.fields().get(place)?, own.column_statistics.get(place)?)));
            let Some((field, own)) = found else {
                // The file lacks the column; a string is then empty, not null.
                has_nulls.push(false);
                column_statistics.push(ColumnStatistics::new_unknown());
                continue;
            };
            has_nulls.push(own.null_count != Precision::Exact(0));
            let metadata = file_columns.get(&column.name).map(|c| c.metadata.clone()).unwrap_or_default();
            let conversion = Conversion::of(&field.as_ref().clone().with_metadata(metadata), column.ktype, true);
            column_statistics.push(converted(own, &conversion, column.ktype));
        }
        let rows = usize::try_from(file.rows).unwrap_or(usize::MAX);
        let statistics =
            Statistics { num_rows: Precision::Exact(rows), total_byte_size: own.total_byte_size, column_statistics };
        FileStatistics { statistics, has_nulls }
    }
}

/// Returns the field as the engine reads it: text as views.
fn read_as(field: &Field) -> Field {
    let text = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8);
    if text { field.clone().with_data_type(DataType::Utf8View) } else { field.clone() }
}

/// Returns a column's statistics after its conversion. Of text only the size is kept: a file may keep the beginning of its
/// least and greatest text only.
fn converted(own: &ColumnStatistics, conversion: &Conversion, ktype: KqlType) -> ColumnStatistics {
    let unknown = ColumnStatistics { byte_size: own.byte_size, ..ColumnStatistics::new_unknown() };
    let keeps_order = matches!(conversion, Conversion::Same | Conversion::Widen(_) | Conversion::Ticks(..));
    // A file's least and greatest real leave NaN out.
    if !keeps_order || matches!(ktype, KqlType::String | KqlType::Guid | KqlType::Dynamic | KqlType::Real) {
        return unknown;
    }
    let bound = |value: &Precision<ScalarValue>| match value {
        Precision::Exact(value) => convert_value(value, conversion).map_or(Precision::Absent, Precision::Exact),
        Precision::Inexact(value) => convert_value(value, conversion).map_or(Precision::Absent, Precision::Inexact),
        Precision::Absent => Precision::Absent,
    };
    ColumnStatistics {
        null_count: own.null_count,
        min_value: bound(&own.min_value),
        max_value: bound(&own.max_value),
        ..unknown
    }
}

fn convert_value(value: &ScalarValue, conversion: &Conversion) -> Option<ScalarValue> {
    let array = conversion.convert(&value.to_array().ok()?).ok()?;
    ScalarValue::try_from_array(&array, 0).ok()
}
