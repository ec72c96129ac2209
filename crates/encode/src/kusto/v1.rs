//! The answer of v1: the tables, their properties, the status, the table of contents.

use super::{Answer, NO_GUID, TRUNCATED, string};
use crate::{EncodeError, Encoder, Options, Statistics};
use arrow::array::RecordBatch;
use schema::{Column, KqlType, ticks};
use std::io::Write;

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
