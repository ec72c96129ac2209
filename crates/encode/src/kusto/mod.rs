//! Answers of Kusto's query endpoints, as its clients read them.
//!
//! # Source
//! Kusto reference, "Query/management HTTP response" (v1) and "Query V2 HTTP response"; captured answers of the service.

mod v1;
mod v2;

pub(crate) use v1::V1Encoder;
pub(crate) use v2::V2Encoder;

use crate::value::Values;
use crate::{EncodeError, Options, RequestIds, Statistics, Visualization};
use arrow::array::RecordBatch;
use schema::dynamic::{json_real, write_json_string};
use schema::{Column, KqlType, ticks};
use std::io::Write;

/// The guid of a request that names none.
const NO_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// Returns the name of a type as the `DataType` of v1 has it.
pub(crate) fn data_type(ktype: KqlType) -> &'static str {
    match ktype {
        KqlType::Bool => "SByte",
        KqlType::Int => "Int32",
        KqlType::Long => "Int64",
        KqlType::Real => "Double",
        KqlType::Decimal => "SqlDecimal",
        KqlType::String => "String",
        KqlType::Datetime => "DateTime",
        KqlType::Timespan => "TimeSpan",
        KqlType::Guid => "Guid",
        KqlType::Dynamic => "Object",
    }
}

/// Appends a JSON string.
fn string(out: &mut String, text: &str) {
    write_json_string(out, text);
}

/// What both versions keep while they write.
struct Answer<'a> {
    out: Box<dyn Write + Send + 'a>,
    visualization: String,
    request: RequestIds,
    columns: Vec<Column>,
    /// Rows and bytes of each table.
    sizes: Vec<(u64, u64)>,
    in_table: bool,
    first_row: bool,
    text: String,
}

impl<'a> Answer<'a> {
    fn new(out: Box<dyn Write + Send + 'a>, options: &Options) -> Answer<'a> {
        let mut request = options.request.clone();
        if request.activity_id.is_empty() {
            request.activity_id = NO_GUID.to_string();
        }
        Answer {
            out,
            visualization: Visualization::to_json(options.visualization.as_ref()),
            request,
            columns: Vec::new(),
            sizes: Vec::new(),
            in_table: false,
            first_row: true,
            text: String::new(),
        }
    }

    fn flush(&mut self) -> Result<(), EncodeError> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    /// Appends `[{"ColumnName":...}, ...]`, with `DataType` for v1.
    fn columns(&mut self, columns: &[(&str, KqlType)], with_data_type: bool) {
        self.text.push('[');
        for (i, (name, ktype)) in columns.iter().enumerate() {
            self.text.push_str(if i > 0 { ",{\"ColumnName\":" } else { "{\"ColumnName\":" });
            string(&mut self.text, name);
            if with_data_type {
                self.text.push_str(",\"DataType\":\"");
                self.text.push_str(data_type(*ktype));
                self.text.push('"');
            }
            self.text.push_str(",\"ColumnType\":\"");
            self.text.push_str(ktype.name());
            self.text.push_str("\"}");
        }
        self.text.push(']');
    }

    fn begin(&mut self, columns: &[Column], with_data_type: bool) {
        let named: Vec<(&str, KqlType)> = columns.iter().map(|column| (column.name.as_str(), column.ktype)).collect();
        self.columns(&named, with_data_type);
        self.columns = columns.to_vec();
        self.sizes.push((0, 0));
        self.in_table = true;
        self.first_row = true;
    }

    /// Appends the separator of a row or of what stands among the rows.
    fn separate(&mut self) {
        if !std::mem::take(&mut self.first_row) {
            self.text.push(',');
        }
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let columns = std::mem::take(&mut self.columns);
        let values = Values::of_batch(batch, &columns)?;
        for row in 0..batch.num_rows() {
            self.separate();
            Values::write_json_row(&values, row, &mut self.text);
        }
        self.columns = columns;
        if let Some((rows, bytes)) = self.sizes.last_mut() {
            *rows += batch.num_rows() as u64;
            *bytes += self.text.len() as u64;
        }
        self.flush()
    }

    /// Closes a table's rows and the table.
    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.in_table = false;
        self.text.push_str("]}");
        self.flush()
    }

    /// Returns the text of the consumption of resources, itself JSON.
    fn consumption(&self, statistics: &Statistics) -> String {
        let cpu = ticks::timespan_text((statistics.cpu_seconds * ticks::SECOND as f64) as i64);
        let tables =
            self.sizes.iter().map(|(rows, bytes)| format!("{{\"table_row_count\":{rows},\"table_size\":{bytes}}}"));
        format!(
            concat!(
                "{{\"ExecutionTime\":{},\"resource_usage\":{{",
                "\"cache\":{{\"memory\":{{\"hits\":0,\"misses\":0,\"total\":0}},\"disk\":{{\"hits\":0,\"misses\":0,\"total\":0}}}},",
                "\"cpu\":{{\"user\":\"{}\",\"kernel\":\"00:00:00\",\"total cpu\":\"{}\"}},",
                "\"memory\":{{\"peak_per_node\":{}}}}},",
                "\"input_dataset_statistics\":{{\"extents\":{{\"total\":0,\"scanned\":0}},",
                "\"rows\":{{\"total\":{},\"scanned\":{}}}}},\"dataset_statistics\":[{}]}}"
            ),
            json_real(statistics.seconds),
            cpu,
            cpu,
            statistics.memory_peak_bytes,
            statistics.rows_total,
            statistics.rows_scanned,
            tables.collect::<Vec<_>>().join(",")
        )
    }
}

/// Status of a result whose last rows are missing: 0x80DA0003, as a signed number.
const TRUNCATED: i32 = -2_133_196_797;
