//! Answers of Kusto's management endpoint: one table, without the further ones that queries have.
//!
//! # Source
//! Kusto reference, "Query/management HTTP response"; captured answers of the service.

use crate::EncodeError;
use crate::kusto::data_type;
use crate::value::Values;
use arrow::array::{Array, RecordBatch};
use schema::dynamic::write_json_string;
use schema::{Column, KqlType};

/// Returns the answer to a command whose table has these columns and rows.
///
/// # Errors
/// When rows have other columns, a fault of ours.
pub fn command_json(columns: &[Column], batches: &[RecordBatch]) -> Result<String, EncodeError> {
    let mut out = String::from("{\"Tables\":[{\"TableName\":\"Table_0\",\"Columns\":[");
    for (i, column) in columns.iter().enumerate() {
        out.push_str(if i > 0 { ",{\"ColumnName\":" } else { "{\"ColumnName\":" });
        write_json_string(&mut out, &column.name);
        // Unlike queries, commands declare truth values as such.
        let data_type = if column.ktype == KqlType::Bool { "Boolean" } else { data_type(column.ktype) };
        out.push_str(&format!(",\"DataType\":\"{data_type}\",\"ColumnType\":\"{}\"}}", column.ktype.name()));
    }
    out.push_str("],\"Rows\":[");
    let mut is_first = true;
    for batch in batches {
        let values = Values::of_batch(batch, columns)?;
        for row in 0..batch.num_rows() {
            out.push_str(if std::mem::take(&mut is_first) { "[" } else { ",[" });
            for (i, (values, array)) in values.iter().zip(batch.columns()).enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                match array.is_null(row) {
                    // Also of texts, which queries never have.
                    true => out.push_str("null"),
                    false => values.write_json(row, &mut out),
                }
            }
            out.push(']');
        }
    }
    out.push_str("]}]}");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, StringViewArray};
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    #[test]
    fn a_command_has_one_table() {
        let columns = [Column::new("Name", KqlType::String), Column::new("Is", KqlType::Bool)];
        let fields: Vec<Field> = columns.iter().map(|of| Field::new(&of.name, of.ktype.arrow(), true)).collect();
        let names = Arc::new(StringViewArray::from(vec![Some("a"), None]));
        let flags = Arc::new(BooleanArray::from(vec![Some(true), None]));
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![names, flags]).unwrap();
        let json = command_json(&columns, &[batch.clone(), batch.slice(0, 1)]).unwrap();
        let expected = concat!(
            r#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"Name","DataType":"String","ColumnType":"string"},"#,
            r#"{"ColumnName":"Is","DataType":"Boolean","ColumnType":"bool"}],"Rows":[["a",true],[null,null],["a",true]]}]}"#
        );
        assert_eq!(json, expected);
    }
}
