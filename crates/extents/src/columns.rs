//! Columns as they are in a file, and back.
//!
//! | KQL | Parquet |
//! |---|---|
//! | bool, int, long, real, decimal | boolean, int32, int64, double, Decimal256(76, 38) |
//! | string, guid, dynamic (JSON text) | text |
//! | datetime | timestamp in UTC of nanoseconds; of whole microseconds, or int64 ticks, for times outside the years 1677 to 2262 |
//! | timespan | int64, ticks of 100 ns |
//!
//! Each field's metadata names the KQL type. Two columns more say which record a row is: `_batch`, the log entry of its batch, and
//! `_pos`, its place in the batch.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray, TimestampMicrosecondArray,
    TimestampNanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use schema::{Column, FIELD_TYPE_KEY, KqlType, ticks};

/// The column of the log entry of a row's batch.
pub const BATCH_COLUMN: &str = "_batch";
/// The column of a row's place in its batch.
pub const POSITION_COLUMN: &str = "_pos";

/// Returns the schema of a file for rows: the columns, whose units of time the values decide, then `_batch` and `_pos`.
pub fn file_schema(columns: &[Column], rows: &RecordBatch) -> SchemaRef {
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len() + 2);
    for column in columns {
        let values = rows.column_by_name(&column.name);
        let data_type = match column.ktype {
            KqlType::Datetime => datetime_type(values),
            other => other.arrow(),
        };
        let metadata = [(FIELD_TYPE_KEY.to_string(), column.ktype.name().to_string())];
        let is_nullable = column.ktype != KqlType::String;
        fields.push(Field::new(&column.name, data_type, is_nullable).with_metadata(metadata.into()));
    }
    fields.push(Field::new(BATCH_COLUMN, DataType::Int64, false));
    fields.push(Field::new(POSITION_COLUMN, DataType::Int32, false));
    Arc::new(Schema::new(fields))
}

fn datetime_type(values: Option<&ArrayRef>) -> DataType {
    let (mut low, mut high, mut is_micros) = (i64::MAX, i64::MIN, true);
    if let Some(values) = values.and_then(|values| values.as_primitive_opt::<Int64Type>()) {
        for ticks in values.iter().flatten() {
            (low, high) = (low.min(ticks), high.max(ticks));
            is_micros &= ticks % 10 == 0;
        }
    }
    let nanos = |ticks: i64| ticks.checked_sub(ticks::UNIX_EPOCH).and_then(|ticks| ticks.checked_mul(100));
    if low > high || (nanos(low).is_some() && nanos(high).is_some()) {
        DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
    } else if is_micros {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    } else {
        DataType::Int64
    }
}

/// Brings rows, whose columns have KQL's physical types, to the file's schema. `rows` has `_batch` and `_pos` at its end.
///
/// # Errors
/// When a column has another type, which is a fault of ours.
pub fn to_file(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (array, field) in rows.columns().iter().zip(schema.fields()) {
        columns.push(match field.data_type() {
            DataType::Timestamp(unit, zone) => {
                let values = array.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(field, array))?;
                match unit {
                    TimeUnit::Nanosecond => {
                        let nanos = values.unary::<_, TimestampNanosecondType>(|t| {
                            t.wrapping_sub(ticks::UNIX_EPOCH).wrapping_mul(100)
                        });
                        Arc::new(TimestampNanosecondArray::with_timezone_opt(nanos, zone.clone())) as ArrayRef
                    }
                    _ => {
                        let micros = values
                            .unary::<_, TimestampMicrosecondType>(|t| t.wrapping_sub(ticks::UNIX_EPOCH).div_euclid(10));
                        Arc::new(TimestampMicrosecondArray::with_timezone_opt(micros, zone.clone()))
                    }
                }
            }
            DataType::Utf8View if !field.is_nullable() && array.null_count() > 0 => {
                let texts = array.as_string_view_opt().ok_or_else(|| wrong(field, array))?;
                Arc::new(StringViewArray::from_iter_values(texts.iter().map(|text| text.unwrap_or(""))))
            }
            same if same == array.data_type() => array.clone(),
            _ => return Err(wrong(field, array)),
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}

fn wrong(field: &Field, array: &ArrayRef) -> ArrowError {
    ArrowError::SchemaError(format!("column `{}` is {}", field.name(), array.data_type()))
}

/// Brings a file's rows to a table's columns in KQL's physical types, `_batch` and `_pos` at the end. A column that the file lacks is
/// null.
///
/// # Errors
/// When a column has a type that no file of ours has.
pub fn from_file(rows: &RecordBatch, columns: &[Column]) -> Result<RecordBatch, ArrowError> {
    let mut fields = Vec::with_capacity(columns.len() + 2);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 2);
    for column in columns {
        let wanted = column.ktype.arrow();
        fields.push(Field::new(&column.name, wanted.clone(), true));
        arrays.push(match rows.column_by_name(&column.name) {
            Some(array) => kql_array(array, &wanted)?,
            None => column.ktype.empty_column(rows.num_rows()),
        });
    }
    for (name, data_type) in [(BATCH_COLUMN, DataType::Int64), (POSITION_COLUMN, DataType::Int32)] {
        let array = rows.column_by_name(name).filter(|array| *array.data_type() == data_type);
        arrays.push(array.cloned().ok_or_else(|| ArrowError::SchemaError(format!("there is no column `{name}`")))?);
        fields.push(Field::new(name, data_type, false));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}

/// Brings a column of a file to KQL's physical type.
pub(crate) fn kql_array(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let ticks: Option<Int64Array> = match array.data_type() {
        same if same == wanted => return Ok(array.clone()),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array
            .as_primitive_opt::<TimestampNanosecondType>()
            .map(|values| values.unary(|nanos| nanos.div_euclid(100).wrapping_add(ticks::UNIX_EPOCH))),
        DataType::Timestamp(TimeUnit::Microsecond, _) => array
            .as_primitive_opt::<TimestampMicrosecondType>()
            .map(|values| values.unary(|micros| micros.wrapping_mul(10).wrapping_add(ticks::UNIX_EPOCH))),
        DataType::Utf8 | DataType::LargeUtf8 if *wanted == DataType::Utf8View => return cast(array, wanted),
        other => return Err(ArrowError::SchemaError(format!("a column is {other} where {wanted} is expected"))),
    };
    match ticks {
        Some(ticks) => Ok(Arc::new(ticks)),
        None => Err(ArrowError::SchemaError("a column of times is none".to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int32Array;

    #[test]
    fn times_come_back_whatever_they_are() {
        let columns = [Column::new("t", KqlType::Datetime)];
        let now = 639_000_000_000_000_001_i64;
        for (values, unit) in [
            (vec![Some(now), None], "Timestamp(ns, \"UTC\")"),
            (vec![None], "Timestamp(ns, \"UTC\")"),
            (vec![Some(0), Some(now - 1)], "Timestamp(µs, \"UTC\")"),
            (vec![Some(0), Some(now), Some(3_155_378_975_999_999_999)], "Int64"),
        ] {
            let n = values.len();
            let arrays: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(values)),
                Arc::new(Int64Array::from(vec![7; n])),
                Arc::new(Int32Array::from_iter_values(0..n as i32)),
            ];
            let fields = [("t", true), (BATCH_COLUMN, false), (POSITION_COLUMN, false)];
            let fields = fields
                .iter()
                .zip(&arrays)
                .map(|((name, null), array)| Field::new(*name, array.data_type().clone(), *null));
            let rows = RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays).expect("rows");
            let schema = file_schema(&columns, &rows);
            assert_eq!(schema.field(0).data_type().to_string(), unit);
            let file = to_file(&rows, &schema).expect("file");
            assert_eq!(from_file(&file, &columns).expect("back").columns(), rows.columns());
        }
    }
}
