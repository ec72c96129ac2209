//! A table as the batch contract of `vidimus query --batch` has it:
//! `{"name":"PrimaryResult","columns":[["x","long"]],"rows":[[1]]}`.

use crate::value::Values;
use crate::{EncodeError, ResultTable};
use schema::dynamic::write_json_string;

/// Appends a table: values as Kusto writes them in JSON, with decimals and what is not finite as strings and a dynamic as
/// the JSON it is.
///
/// # Errors
/// `Batch` when an array is not of its column's type.
pub fn write_contract(table: &ResultTable, out: &mut String) -> Result<(), EncodeError> {
    out.push_str("{\"name\":");
    write_json_string(out, &table.name);
    out.push_str(",\"columns\":[");
    for (i, column) in table.columns.iter().enumerate() {
        out.push_str(if i > 0 { ",[" } else { "[" });
        write_json_string(out, &column.name);
        out.push_str(",\"");
        out.push_str(column.ktype.name());
        out.push_str("\"]");
    }
    out.push_str("],\"rows\":[");
    let mut first = true;
    for batch in &table.batches {
        let values = Values::of_batch(batch, &table.columns)?;
        for row in 0..batch.num_rows() {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            Values::write_json_row(&values, row, out);
        }
    }
    out.push_str("]}");
    Ok(())
}
