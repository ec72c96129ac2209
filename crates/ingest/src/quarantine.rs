//! Records that could not be taken, as records of a table of their own, which is sealed and queried as every other.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::error::ArrowError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use extents::row_schema;
use files::Rejected;
use schema::Column;

/// The table of records that could not be taken.
pub const QUARANTINE_TABLE: &str = "VidimusQuarantine";
/// Bytes of a record that are kept at most; of a longer one the beginning.
const RAW_BYTES_MAX: usize = 8 << 20;

/// Returns the columns of the table, which is a built-in one.
pub fn quarantine_columns() -> &'static [Column] {
    schema::tables::builtin(QUARANTINE_TABLE).map_or(&[], |table| &table.columns)
}

/// Makes rows of the table; `now` is when the records came.
///
/// # Errors
/// When arrays cannot be made, a fault of ours.
pub fn quarantine_rows(table: &str, request: &str, rejected: &[Rejected], now: i64) -> Result<RecordBatch, ArrowError> {
    let raw = |rejected: &Rejected| rejected.raw.get(..RAW_BYTES_MAX).unwrap_or(&rejected.raw).to_vec();
    let encoded: Vec<(&str, String)> = rejected
        .iter()
        .map(|rejected| match String::from_utf8(raw(rejected)) {
            Ok(text) => ("utf-8", text),
            Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
        })
        .collect();
    let texts = |text: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values((0..rejected.len()).map(text)))
    };
    let of = |text: fn(&Rejected) -> String| texts(&|row| rejected.get(row).map(text).unwrap_or_default());
    let numbers = |number: fn(&Rejected) -> u64| -> ArrayRef {
        let values = rejected.iter().map(|rejected| i64::try_from(number(rejected)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(values))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![now; rejected.len()])),
        texts(&|_| table.to_string()),
        of(|rejected| rejected.reason.name().to_string()),
        of(|rejected| rejected.detail.clone()),
        numbers(|rejected| rejected.position),
        texts(&|_| request.to_string()),
        numbers(|rejected| rejected.raw.len() as u64),
        texts(&|row| encoded.get(row).map(|(encoding, _)| (*encoding).to_string()).unwrap_or_default()),
        texts(&|row| encoded.get(row).map(|(_, text)| text.clone()).unwrap_or_default()),
    ];
    let schema = row_schema(quarantine_columns());
    let own: Vec<_> = schema.fields().iter().take(columns.len()).cloned().collect();
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(own)), columns)
}
