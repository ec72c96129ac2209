//! Results that tell of a query and not what it finds.
//!
//! # Source
//! Kusto reference, "getschema operator"; "Request properties", `query_results_apply_getschema` and `validatepermissions`.

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringViewArray};
use arrow::error::ArrowError;
use query::arrow_schema;
use schema::{Column, KqlType};
use std::sync::Arc;

/// Columns with their rows.
type Described = (Vec<Column>, RecordBatch);

/// Returns the columns of a result, a row each.
pub(crate) fn columns(of: &[Column]) -> Result<Described, ArrowError> {
    let columns = vec![
        Column::new("ColumnName", KqlType::String),
        Column::new("ColumnOrdinal", KqlType::Int),
        Column::new("DataType", KqlType::String),
        Column::new("ColumnType", KqlType::String),
    ];
    let texts =
        |text: fn(&Column) -> &str| -> ArrayRef { Arc::new(StringViewArray::from_iter_values(of.iter().map(text))) };
    let ordinals = (0..).take(of.len());
    let arrays: Vec<ArrayRef> = vec![
        texts(|column| column.name.as_str()),
        Arc::new(Int32Array::from_iter_values(ordinals)),
        texts(|column| column.ktype.system_name()),
        texts(|column| column.ktype.name()),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&columns), arrays)?;
    Ok((columns, batch))
}

/// Returns that the query may run.
pub(crate) fn permission() -> Result<Described, ArrowError> {
    let columns = vec![Column::new("Result", KqlType::String)];
    let batch = RecordBatch::try_new(arrow_schema(&columns), vec![Arc::new(StringViewArray::from(vec!["OK"]))])?;
    Ok((columns, batch))
}
