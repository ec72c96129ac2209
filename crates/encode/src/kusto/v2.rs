//! The answer of v2: a header, the properties, the tables, what the query cost, the end. Each frame is on a line of its own, with the comma
//! before it, as clients that read line by line rely on.
//!
//! ```text
//! whole        DataTable
//! in fragments TableHeader, TableFragment..., TableCompletion          and, when progressive, TableProgress before the last
//! ```

use super::{Answer, TRUNCATED, string};
use crate::{EncodeError, Encoder, ErrorPlacement, Frames, Options, Statistics};
use arrow::array::RecordBatch;
use schema::{Column, KqlType, ticks};
use std::io::Write;

const TRUNCATED_NAME: &str = "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)";
/// The code of a query that somebody stopped.
const CANCELLED: &str = "QueryCancelled";

const PROPERTIES: [(&str, KqlType); 3] =
    [("TableId", KqlType::Int), ("Key", KqlType::String), ("Value", KqlType::Dynamic)];

const COMPLETION: [(&str, KqlType); 12] = [
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

/// Writes the answer of v2.
pub(crate) struct V2Encoder<'a> {
    answer: Answer<'a>,
    frames: Frames,
}

impl<'a> V2Encoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>, options: &Options) -> V2Encoder<'a> {
        V2Encoder { answer: Answer::new(out, options), frames: options.frames }
    }

    fn in_fragments(&self) -> bool {
        self.frames.progressive || self.frames.fragmented
    }

    /// Returns the id of the present table.
    fn table_id(&self) -> usize {
        self.answer.sizes.len()
    }

    /// Appends what a frame of a table has before its columns. The order of the keys is what streaming clients rely on.
    fn open(&mut self, frame: &str, id: usize, kind: &str, name: &str) {
        self.answer.text.push_str(&format!(
            "\n,{{\"FrameType\":\"{frame}\",\"TableId\":{id},\"TableKind\":\"{kind}\",\"TableName\":"
        ));
        string(&mut self.answer.text, name);
        self.answer.text.push_str(",\"Columns\":");
    }

    /// Appends the frames before the first table.
    fn header(&mut self) {
        let Frames { progressive, errors, .. } = self.frames;
        let placement = match errors {
            ErrorPlacement::InData => "InData",
            ErrorPlacement::EndOfTable => "EndOfTable",
            ErrorPlacement::EndOfDataset => "EndOfDataSet",
        };
        let fragmented = self.in_fragments();
        self.answer.text.push_str(&format!(
            "[{{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":{progressive},\"Version\":\"v2.0\",\
             \"IsFragmented\":{fragmented},\"ErrorReportingPlacement\":\"{placement}\"}}"
        ));
        self.open("DataTable", 0, "QueryProperties", "@ExtendedProperties");
        self.answer.columns(&PROPERTIES, false);
        self.answer.text.push_str(",\"Rows\":[[1,\"Visualization\",");
        string(&mut self.answer.text, &self.answer.visualization);
        self.answer.text.push_str("]]}");
    }

    fn open_fragment(&mut self) {
        let id = self.table_id();
        self.answer.text.push_str(&format!(
            "\n,{{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\",\"TableId\":{id},\"Rows\":["
        ));
        self.answer.first_row = true;
    }

    /// Ends the present table, whose last rows are missing when there is an error.
    fn close_table(&mut self, error: Option<&str>) -> Result<(), EncodeError> {
        if !self.in_fragments() {
            return self.answer.end_table();
        }
        self.answer.in_table = false;
        let (id, rows) = (self.table_id(), self.answer.sizes.last().map_or(0, |(rows, _)| *rows));
        if self.frames.progressive && error.is_none() {
            self.answer
                .text
                .push_str(&format!("\n,{{\"FrameType\":\"TableProgress\",\"TableId\":{id},\"TableProgress\":100.0}}"));
        }
        self.answer
            .text
            .push_str(&format!("\n,{{\"FrameType\":\"TableCompletion\",\"TableId\":{id},\"RowCount\":{rows}"));
        if let Some(error) = error.filter(|_| self.frames.errors == ErrorPlacement::EndOfTable) {
            self.answer.text.push_str(&format!(",\"OneApiErrors\":[{error}]"));
        }
        self.answer.text.push('}');
        self.answer.flush()
    }

    /// Returns the JSON of one error as Kusto's clients expect it.
    fn error_json(&self, code: &str, message: &str) -> String {
        let mut out = String::from("{\"error\":{\"code\":");
        string(&mut out, code);
        out.push_str(",\"message\":");
        string(&mut out, message);
        out.push_str(&format!(",\"@type\":\"{}\",\"@message\":", exception(code)));
        string(&mut out, message);
        out.push_str(",\"@context\":{\"clientRequestId\":");
        string(&mut out, &self.answer.request.client_request_id);
        out.push_str(",\"activityId\":");
        string(&mut out, &self.answer.request.activity_id);
        out.push_str("},\"@permanent\":false}}");
        out
    }
}

impl Encoder for V2Encoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if self.answer.sizes.is_empty() {
            self.header();
        }
        let id = self.answer.sizes.len() + 1;
        let in_fragments = self.in_fragments();
        self.open(if in_fragments { "TableHeader" } else { "DataTable" }, id, "PrimaryResult", name);
        self.answer.begin(columns, false);
        self.answer.text.push_str(if in_fragments { "}" } else { ",\"Rows\":[" });
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        if !self.in_fragments() {
            return self.answer.batch(batch);
        }
        let rows_max = self.frames.fragment_rows_max.unwrap_or(usize::MAX).max(1);
        let mut at = 0;
        while at < batch.num_rows() {
            let n_rows = rows_max.min(batch.num_rows() - at);
            self.open_fragment();
            self.answer.batch(&batch.slice(at, n_rows))?;
            self.answer.text.push_str("]}");
            at += n_rows;
        }
        self.answer.flush()
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.close_table(None)
    }

    fn finish(&mut self, statistics: &Statistics) -> Result<(), EncodeError> {
        if self.answer.sizes.is_empty() {
            self.header();
        }
        let id = self.answer.sizes.len() + 1;
        self.open("DataTable", id, "QueryCompletionInformation", "QueryCompletionInformation");
        self.answer.columns(&COMPLETION, false);
        self.answer.text.push_str(",\"Rows\":[");
        let consumption = self.answer.consumption(statistics);
        let told = payload(statistics.truncated.as_deref().unwrap_or("Query completed successfully"));
        let outcome = match statistics.truncated {
            None => (4, "Info", 0, "S_OK (0)", 4, "QueryInfo", told.as_str()),
            Some(_) => (2, "Error", TRUNCATED, TRUNCATED_NAME, 1, "QueryLimitsExceeded", told.as_str()),
        };
        let rows = [outcome, (6, "Stats", 0, "S_OK (0)", 0, "QueryResourceConsumption", consumption.as_str())];
        let request = self.answer.request.clone();
        let text = &mut self.answer.text;
        for (i, (level, level_name, status, status_name, event, event_name, payload)) in rows.into_iter().enumerate() {
            let time = ticks::datetime_text(statistics.ended);
            text.push_str(if i > 0 { "," } else { "" });
            text.push_str(&format!("[\"{time}\","));
            for id in [&request.client_request_id, &request.activity_id, &request.activity_id, &request.activity_id] {
                string(text, id);
                text.push(',');
            }
            text.push_str(&format!("{level},\"{level_name}\",{status},\"{status_name}\",{event},\"{event_name}\","));
            string(text, payload);
            text.push(']');
        }
        text.push_str("]}\n,{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":false,\"Cancelled\":false}\n]\n");
        self.answer.flush()?;
        Ok(self.answer.out.flush()?)
    }

    /// Puts the error where [`Frames::errors`] says, and into the completion.
    fn fail(&mut self, code: &str, message: &str) -> Result<bool, EncodeError> {
        if !self.answer.in_table {
            self.begin_table("PrimaryResult", &[])?;
        }
        let error = self.error_json(code, message);
        if self.frames.errors == ErrorPlacement::InData {
            let in_fragments = self.in_fragments();
            if in_fragments {
                self.open_fragment();
            }
            self.answer.separate();
            self.answer.text.push_str(&format!("{{\"OneApiErrors\":[{error}]}}"));
            if in_fragments {
                self.answer.text.push_str("]}");
            }
        }
        self.close_table(Some(&error))?;
        let cancelled = code == CANCELLED;
        self.answer.text.push_str(&format!(
            "\n,{{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":true,\"Cancelled\":{cancelled},\"OneApiErrors\":[{error}]}}\n]\n"
        ));
        self.answer.flush()?;
        self.answer.out.flush()?;
        Ok(true)
    }
}

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
