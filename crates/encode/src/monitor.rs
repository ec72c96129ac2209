//! The answer of Azure Monitor's query API:
//! `{"tables":[{"name","columns":[{"name","type"}],"rows":[[...]]}],"statistics":{...},"render":{...},"dataSources":[...],"error":{...}}`.
//!
//! Values are written as Kusto's REST API writes them, but for a dynamic, which is a string: an array or a bag as its JSON text, a
//! text without quotes. What an answer has beside its tables is there only when it was asked for; `error` is there when the rows are
//! right as far as they go and some are missing.
//!
//! # Source
//! Azure Monitor documentation, "Azure Monitor Log Analytics API response format" and "API errors".

use crate::format::{Encoder, Options, Statistics};
use crate::value::Values;
use crate::{EncodeError, Visualization};
use arrow::array::RecordBatch;
use schema::dynamic::{json_real, raw, write_json_string};
use schema::{Column, ticks};
use std::io::Write;

/// Kusto's number for a result that is too large: 0x80DA0003, signed.
const TRUNCATED: &str = "-2133196797";

/// What an answer has beside its tables, if it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonitorExtras {
    pub with_statistics: bool,
    pub with_render: bool,
    /// Where the rows come from; `None` when nobody asks.
    pub data_sources: Option<Vec<DataSource>>,
}

/// A workspace that a query read, with the tables that it read there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataSource {
    pub resource_id: String,
    pub tables: Vec<String>,
}

/// Writes the answer.
pub(crate) struct MonitorEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    extras: MonitorExtras,
    visualization: Option<Visualization>,
    columns: Vec<Column>,
    /// Rows and bytes of each table.
    sizes: Vec<(u64, u64)>,
    in_table: bool,
    first_row: bool,
    text: String,
}

impl<'a> MonitorEncoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>, options: &Options) -> MonitorEncoder<'a> {
        MonitorEncoder {
            out,
            extras: options.monitor.clone(),
            visualization: options.visualization.clone(),
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

    fn row(&mut self, values: &[Values], row: usize) {
        if !std::mem::take(&mut self.first_row) {
            self.text.push(',');
        }
        self.text.push('[');
        for (i, values) in values.iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            match values {
                Values::Dynamic(texts) if !values.is_null(row) => {
                    let text = texts.value(row);
                    match raw::string(text) {
                        Some(unquoted) => write_json_string(&mut self.text, &unquoted),
                        None => write_json_string(&mut self.text, text),
                    }
                }
                _ => values.write_json(row, &mut self.text),
            }
        }
        self.text.push(']');
    }

    /// Ends the tables and adds what was asked for, with the reason why rows are missing where some are.
    fn end(&mut self, statistics: &Statistics, partial: Option<(&str, &str)>) -> Result<(), EncodeError> {
        self.text.push_str(if self.sizes.is_empty() { "{\"tables\":[]" } else { "]" });
        if self.extras.with_statistics {
            self.statistics(statistics);
        }
        if self.extras.with_render {
            self.text.push_str(",\"render\":");
            self.text.push_str(&render(self.visualization.as_ref()));
        }
        if let Some(sources) = self.extras.data_sources.take() {
            self.data_sources(&sources);
        }
        if let Some((code, message)) = partial {
            self.text.push_str(",\"error\":{\"code\":\"PartialError\",\"message\":\"There were some errors when processing your query.\",");
            self.text.push_str("\"details\":[{\"code\":\"EngineError\",\"message\":\"Something went wrong processing your query on the server.\",");
            self.text.push_str("\"innererror\":{\"code\":");
            write_json_string(&mut self.text, code);
            self.text.push_str(",\"message\":");
            write_json_string(&mut self.text, message);
            self.text.push_str(",\"severity\":2,\"severityName\":\"Error\"}}]}");
        }
        self.text.push('}');
        self.flush()?;
        Ok(self.out.flush()?)
    }

    fn statistics(&mut self, statistics: &Statistics) {
        let cpu = ticks::timespan_text((statistics.cpu_seconds * ticks::SECOND as f64) as i64);
        let tables =
            self.sizes.iter().map(|(rows, bytes)| format!("{{\"tableRowCount\":{rows},\"tableSize\":{bytes}}}"));
        let tables = tables.collect::<Vec<_>>().join(",");
        self.text.push_str(&format!(
            concat!(
                ",\"statistics\":{{\"query\":{{\"executionTime\":{},\"resourceUsage\":{{",
                "\"cache\":{{\"memory\":{{\"hits\":0,\"misses\":0,\"total\":0}},\"disk\":{{\"hits\":0,\"misses\":0,\"total\":0}}}},",
                "\"cpu\":{{\"user\":\"{}\",\"kernel\":\"00:00:00\",\"totalCpu\":\"{}\"}},\"memory\":{{\"peakPerNode\":{}}}}},",
                "\"inputDatasetStatistics\":{{\"extents\":{{\"total\":0,\"scanned\":0}},\"rows\":{{\"total\":{},\"scanned\":{}}}}},",
                "\"datasetStatistics\":[{}]}}}}"
            ),
            json_real(statistics.seconds),
            cpu,
            cpu,
            statistics.memory_peak_bytes,
            statistics.rows_total,
            statistics.rows_scanned,
            tables
        ));
    }

    fn data_sources(&mut self, sources: &[DataSource]) {
        self.text.push_str(",\"dataSources\":[");
        for (i, source) in sources.iter().enumerate() {
            self.text.push_str(if i > 0 { ",{\"resourceId\":" } else { "{\"resourceId\":" });
            write_json_string(&mut self.text, &source.resource_id);
            self.text.push_str(",\"tables\":[");
            for (i, table) in source.tables.iter().enumerate() {
                if i > 0 {
                    self.text.push(',');
                }
                write_json_string(&mut self.text, table);
            }
            self.text.push_str("]}");
        }
        self.text.push(']');
    }
}

impl Encoder for MonitorEncoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        self.text.push_str(if self.sizes.is_empty() { "{\"tables\":[" } else { "," });
        self.text.push_str("{\"name\":");
        write_json_string(&mut self.text, name);
        self.text.push_str(",\"columns\":[");
        for (i, column) in columns.iter().enumerate() {
            self.text.push_str(if i > 0 { ",{\"name\":" } else { "{\"name\":" });
            write_json_string(&mut self.text, &column.name);
            self.text.push_str(",\"type\":\"");
            self.text.push_str(column.ktype.name());
            self.text.push_str("\"}");
        }
        self.text.push_str("],\"rows\":[");
        self.columns = columns.to_vec();
        self.sizes.push((0, 0));
        (self.in_table, self.first_row) = (true, true);
        self.flush()
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let columns = std::mem::take(&mut self.columns);
        let values = Values::of_batch(batch, &columns)?;
        for row in 0..batch.num_rows() {
            self.row(&values, row);
        }
        self.columns = columns;
        if let Some((rows, bytes)) = self.sizes.last_mut() {
            *rows += batch.num_rows() as u64;
            *bytes += self.text.len() as u64;
        }
        self.flush()
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.in_table = false;
        self.text.push_str("]}");
        self.flush()
    }

    fn finish(&mut self, statistics: &Statistics) -> Result<(), EncodeError> {
        let partial = statistics.truncated.clone();
        self.end(statistics, partial.as_deref().map(|message| (TRUNCATED, message)))
    }

    fn fail(&mut self, code: &str, message: &str) -> Result<bool, EncodeError> {
        if self.in_table {
            self.end_table()?;
        }
        self.end(&Statistics::default(), Some((code, message)))?;
        Ok(true)
    }
}

/// Returns what `render` asked for, all keys present.
fn render(visualization: Option<&Visualization>) -> String {
    let default = Visualization::default();
    let v = visualization.unwrap_or(&default);
    let text = |value: Option<&str>| match value {
        Some(value) => {
            let mut out = String::new();
            write_json_string(&mut out, value);
            out
        }
        None => "null".to_string(),
    };
    let list = |names: &[String]| text((!names.is_empty()).then(|| names.join(",")).as_deref());
    let bound = |value: Option<f64>| match value {
        Some(value) if value.is_finite() => json_real(value),
        _ => "\"NaN\"".to_string(),
    };
    let chart = if v.chart.is_empty() { "table" } else { v.chart.as_str() };
    let members = [
        ("visualization", text(Some(chart))),
        ("title", text(v.title.as_deref())),
        ("accumulate", v.accumulate.to_string()),
        ("isQuerySorted", v.is_query_sorted.to_string()),
        ("kind", text(v.kind.as_deref())),
        ("legend", text(v.legend.as_deref())),
        ("series", list(&v.series)),
        ("yMin", bound(v.y_min)),
        ("yMax", bound(v.y_max)),
        ("xAxis", text(v.x_axis.as_deref())),
        ("xColumn", text(v.x_column.as_deref())),
        ("xTitle", text(v.x_title.as_deref())),
        ("yAxis", text(v.y_axis.as_deref())),
        ("yColumns", list(&v.y_columns)),
        ("ySplit", text(v.y_split.as_deref())),
        ("yTitle", text(v.y_title.as_deref())),
        ("anomalyColumns", list(&v.anomaly_columns)),
        ("xMin", text(v.x_min.as_deref())),
        ("xMax", text(v.x_max.as_deref())),
    ];
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
