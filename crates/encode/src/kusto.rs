//! Answers of Kusto's query endpoints, as its clients read them.
//!
//! # Source
//! Kusto reference, "Query/management HTTP response" (v1) and "Query V2 HTTP response"; captured answers of the service.

use crate::value::Values;
use crate::{EncodeError, Encoder, Options, RequestIds, Statistics, Visualization};
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
const TRUNCATED_NAME: &str = "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)";

/// Returns what the row about the outcome says, itself JSON.
fn payload(text: &str) -> String {
    let mut out = String::from("{\"Count\":1,\"Text\":");
    string(&mut out, text);
    out.push('}');
    out
}

/// Returns the name of an error's code among the exceptions of a query that failed after its first rows.
fn exception(code: &str) -> &'static str {
    match code {
        "LimitsExceeded" => "Kusto.DataNode.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
        _ => "Kusto.DataNode.Exceptions.KustoServicePartialQueryFailureException",
    }
}

/// Returns the JSON of one error as Kusto's clients expect it.
fn one_api_error(code: &str, message: &str) -> String {
    let mut out = String::from("{\"error\":{\"code\":");
    string(&mut out, code);
    out.push_str(",\"message\":");
    string(&mut out, message);
    out.push_str(&format!(",\"@type\":\"{}\",\"@message\":", exception(code)));
    string(&mut out, message);
    out.push_str(",\"@permanent\":false}}");
    out
}

/// Writes the answer of v1: the tables, their properties, the status, the table of contents.
pub(crate) struct V1Encoder<'a>(Answer<'a>);

/// A further table of v1.
const V1_STATUS: [(&str, KqlType); 10] = [
    ("Timestamp", KqlType::Datetime),
    ("Severity", KqlType::Int),
    ("SeverityName", KqlType::String),
    ("StatusCode", KqlType::Int),
    ("StatusDescription", KqlType::String),
    ("Count", KqlType::Int),
    ("RequestId", KqlType::Guid),
    ("ActivityId", KqlType::Guid),
    ("SubActivityId", KqlType::Guid),
    ("ClientActivityId", KqlType::String),
];

const V1_CONTENTS: [(&str, KqlType); 5] = [
    ("Ordinal", KqlType::Long),
    ("Kind", KqlType::String),
    ("Name", KqlType::String),
    ("Id", KqlType::String),
    ("PrettyName", KqlType::String),
];

impl<'a> V1Encoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>, options: &Options) -> V1Encoder<'a> {
        V1Encoder(Answer::new(out, options))
    }

    /// Appends `{"TableName":"Table_n","Columns":`.
    fn open(&mut self, ordinal: usize) {
        self.0.text.push_str(if ordinal == 0 { "{\"Tables\":[" } else { "," });
        self.0.text.push_str(&format!("{{\"TableName\":\"Table_{ordinal}\",\"Columns\":"));
    }
}

impl Encoder for V1Encoder<'_> {
    fn begin_table(&mut self, _name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        self.open(self.0.sizes.len());
        self.0.begin(columns, true);
        self.0.text.push_str(",\"Rows\":[");
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        self.0.batch(batch)
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.0.end_table()
    }

    fn finish(&mut self, statistics: &Statistics) -> Result<(), EncodeError> {
        let n = self.0.sizes.len();
        self.open(n);
        self.0.columns(&[("Value", KqlType::String)], true);
        self.0.text.push_str(",\"Rows\":[[");
        string(&mut self.0.text, &self.0.visualization);
        self.0.text.push_str("]]}");

        self.open(n + 1);
        self.0.columns(&V1_STATUS, true);
        self.0.text.push_str(",\"Rows\":[");
        let consumption = self.0.consumption(statistics);
        let outcome = match &statistics.truncated {
            None => (4, "Info", 0, "Query completed successfully"),
            Some(text) => (2, "Error", TRUNCATED, text.as_str()),
        };
        let rows = [outcome, (6, "Stats", 0, consumption.as_str())];
        for (i, (severity, name, status, description)) in rows.into_iter().enumerate() {
            let time = ticks::datetime_text(statistics.ended);
            self.0.text.push_str(if i > 0 { "," } else { "" });
            self.0.text.push_str(&format!("[\"{time}\",{severity},\"{name}\",{status},"));
            string(&mut self.0.text, description);
            self.0.text.push_str(",1");
            let request = self.0.request.clone();
            for text in [&request.activity_id, &request.activity_id, &request.activity_id, &request.client_request_id] {
                self.0.text.push(',');
                string(&mut self.0.text, text);
            }
            self.0.text.push(']');
        }
        self.0.text.push_str("]}");

        self.open(n + 2);
        self.0.columns(&V1_CONTENTS, true);
        self.0.text.push_str(",\"Rows\":[");
        let primary = (0..n).map(|_| ("QueryResult", "PrimaryResult"));
        let others = [("QueryProperties", "@ExtendedProperties"), ("QueryStatus", "QueryStatus")];
        for (ordinal, (kind, name)) in primary.chain(others).enumerate() {
            self.0.text.push_str(if ordinal > 0 { "," } else { "" });
            self.0.text.push_str(&format!("[{ordinal},\"{kind}\",\"{name}\",\"{NO_GUID}\",\"\"]"));
        }
        self.0.text.push_str("]}]}");
        self.0.flush()?;
        Ok(self.0.out.flush()?)
    }

    /// Puts the exception among the rows, where v1 has it, and ends without a status.
    fn fail(&mut self, code: &str, message: &str) -> Result<bool, EncodeError> {
        if !self.0.in_table {
            self.begin_table("", &[])?;
        }
        self.0.separate();
        self.0.text.push_str("{\"Exceptions\":[");
        string(&mut self.0.text, &format!("{code}: {message}"));
        self.0.text.push_str("]}]}],\"Exceptions\":[");
        string(&mut self.0.text, &format!("{code}: {message}"));
        self.0.text.push_str("]}");
        self.0.flush()?;
        self.0.out.flush()?;
        Ok(true)
    }
}

/// Writes the answer of v2: a header, the properties, the tables, what the query cost, the end.
pub(crate) struct V2Encoder<'a>(Answer<'a>);

const V2_PROPERTIES: [(&str, KqlType); 3] =
    [("TableId", KqlType::Int), ("Key", KqlType::String), ("Value", KqlType::Dynamic)];

const V2_COMPLETION: [(&str, KqlType); 12] = [
    ("Timestamp", KqlType::Datetime),
    ("ClientRequestId", KqlType::String),
    ("ActivityId", KqlType::Guid),
    ("SubActivityId", KqlType::Guid),
    ("ParentActivityId", KqlType::Guid),
    ("Level", KqlType::Int),
    ("LevelName", KqlType::String),
    ("StatusCode", KqlType::Int),
    ("StatusCodeName", KqlType::String),
    ("EventType", KqlType::Int),
    ("EventTypeName", KqlType::String),
    ("Payload", KqlType::String),
];

impl<'a> V2Encoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>, options: &Options) -> V2Encoder<'a> {
        V2Encoder(Answer::new(out, options))
    }

    /// Appends what a DataTable frame has before its columns. The order of the keys is what streaming clients rely on.
    fn open(&mut self, id: usize, kind: &str, name: &str) {
        self.0.text.push_str(&format!(
            ",\n{{\"FrameType\":\"DataTable\",\"TableId\":{id},\"TableKind\":\"{kind}\",\"TableName\":"
        ));
        string(&mut self.0.text, name);
        self.0.text.push_str(",\"Columns\":");
    }

    /// Appends the frames before the first table.
    fn header(&mut self) {
        self.0.text.push_str(
            "[{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":false,\"Version\":\"v2.0\",\"IsFragmented\":false,\"ErrorReportingPlacement\":\"InData\"}",
        );
        self.open(0, "QueryProperties", "@ExtendedProperties");
        self.0.columns(&V2_PROPERTIES, false);
        self.0.text.push_str(",\"Rows\":[[1,\"Visualization\",");
        string(&mut self.0.text, &self.0.visualization);
        self.0.text.push_str("]]}");
    }
}

impl Encoder for V2Encoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if self.0.sizes.is_empty() {
            self.header();
        }
        self.open(self.0.sizes.len() + 1, "PrimaryResult", name);
        self.0.begin(columns, false);
        self.0.text.push_str(",\"Rows\":[");
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        self.0.batch(batch)
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.0.end_table()
    }

    fn finish(&mut self, statistics: &Statistics) -> Result<(), EncodeError> {
        if self.0.sizes.is_empty() {
            self.header();
        }
        self.open(self.0.sizes.len() + 1, "QueryCompletionInformation", "QueryCompletionInformation");
        self.0.columns(&V2_COMPLETION, false);
        self.0.text.push_str(",\"Rows\":[");
        let consumption = self.0.consumption(statistics);
        let told = payload(statistics.truncated.as_deref().unwrap_or("Query completed successfully"));
        let outcome = match statistics.truncated {
            None => (4, "Info", 0, "S_OK (0)", 4, "QueryInfo", told.as_str()),
            Some(_) => (2, "Error", TRUNCATED, TRUNCATED_NAME, 1, "QueryLimitsExceeded", told.as_str()),
        };
        let rows = [outcome, (6, "Stats", 0, "S_OK (0)", 0, "QueryResourceConsumption", consumption.as_str())];
        for (i, (level, level_name, status, status_name, event, event_name, payload)) in rows.into_iter().enumerate() {
            let time = ticks::datetime_text(statistics.ended);
            self.0.text.push_str(if i > 0 { "," } else { "" });
            self.0.text.push_str(&format!("[\"{time}\","));
            let request = self.0.request.clone();
            for text in [&request.client_request_id, &request.activity_id, &request.activity_id, &request.activity_id] {
                string(&mut self.0.text, text);
                self.0.text.push(',');
            }
            self.0
                .text
                .push_str(&format!("{level},\"{level_name}\",{status},\"{status_name}\",{event},\"{event_name}\","));
            string(&mut self.0.text, payload);
            self.0.text.push(']');
        }
        self.0.text.push_str("]},\n{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":false,\"Cancelled\":false}]\n");
        self.0.flush()?;
        Ok(self.0.out.flush()?)
    }

    /// Puts the error after the last good row and into the completion, as `results_error_reporting_placement` has it by
    /// default ("in data").
    fn fail(&mut self, code: &str, message: &str) -> Result<bool, EncodeError> {
        if !self.0.in_table {
            self.begin_table("PrimaryResult", &[])?;
        }
        let error = one_api_error(code, message);
        self.0.separate();
        self.0.text.push_str(&format!("{{\"OneApiErrors\":[{error}]}}]}}"));
        self.0.text.push_str(&format!(
            ",\n{{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":true,\"Cancelled\":false,\"OneApiErrors\":[{error}]}}]\n"
        ));
        self.0.flush()?;
        self.0.out.flush()?;
        Ok(true)
    }
}
