//! A request's body of JSON records as columns. Every record is judged by itself: it is taken whole, or rejected with the
//! reason and its bytes. Nothing is dropped, and no broken record takes its neighbours with it.
//!
//! A body is an array of objects, or objects one after the other, each on its own line or not. Members that are no column of
//! the table go to the column that is its bag.

use crate::cell::{ColumnBuilder, Origin};
use crate::json::records::{RecordSink, each_record, next_record};
use crate::json::scan::{self, Fault, Fields, Kind, Token};
use crate::survey::{Keys, unescaped};
use crate::warnings::quoted;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use schema::dynamic::write_json_string;
use schema::{Column, KqlType};
use std::sync::Arc;

/// The columns that records are read into, and how large a record may be.
#[derive(Debug, Clone)]
pub struct RecordShape {
    columns: Vec<Column>,
    schema: SchemaRef,
    /// The column that takes members that are no column; such members are rejected with their record if there is none.
    bag: Option<usize>,
    /// Whether members that are no column are left out, and the bag takes values that do not fit their column instead.
    is_lenient: bool,
    record_bytes_max: usize,
}

/// Why a record was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// It is no JSON object.
    Malformed,
    /// It is longer than a record may be.
    Oversized,
    /// A member's value does not fit its column's type.
    Mistyped,
    /// Its bytes are not UTF-8.
    Encoding,
    /// It has a member that is no column of a table without a bag.
    UnknownColumn,
}

impl Rejection {
    /// Every reason.
    pub const ALL: [Rejection; 5] = [
        Rejection::Malformed,
        Rejection::Oversized,
        Rejection::Mistyped,
        Rejection::Encoding,
        Rejection::UnknownColumn,
    ];

    /// Returns the reason as it is stored and sent.
    pub fn name(self) -> &'static str {
        match self {
            Rejection::Malformed => "Malformed",
            Rejection::Oversized => "Oversized",
            Rejection::Mistyped => "Mistyped",
            Rejection::Encoding => "Encoding",
            Rejection::UnknownColumn => "UnknownColumn",
        }
    }
}

/// A record that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place among the body's records, from 0.
    pub position: u64,
    pub reason: Rejection,
    /// What is wrong, for its sender.
    pub detail: String,
    /// Its bytes as they were received.
    pub raw: Vec<u8>,
}

/// A body's records.
#[derive(Debug)]
pub struct Records {
    /// One row for each record that was taken, in the body's order. Of the shape's columns it has, in their order, those that some
    /// record has a member for.
    pub batch: RecordBatch,
    pub rejected: Vec<Rejected>,
}

impl RecordShape {
    /// Makes a shape. Unknown members go to the dynamic column `bag`, if it is among the columns.
    pub fn new(columns: &[Column], bag: Option<&str>, record_bytes_max: usize) -> RecordShape {
        let is_bag = |column: &Column| column.ktype == KqlType::Dynamic && bag == Some(column.name.as_str());
        let field = |column: &Column| Field::new(&column.name, column.ktype.arrow(), true);
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        RecordShape {
            columns: columns.to_vec(),
            schema: Arc::new(schema),
            bag: columns.iter().position(is_bag),
            is_lenient: false,
            record_bytes_max,
        }
    }

    /// Makes a shape that takes every object: members that are no column are left out, and a value that does not fit its column is null
    /// there, and goes to the dynamic column `misfits` under the column's name.
    pub fn lenient(columns: &[Column], misfits: &str, record_bytes_max: usize) -> RecordShape {
        RecordShape { is_lenient: true, ..RecordShape::new(columns, Some(misfits), record_bytes_max) }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// When columns cannot be built, as when a body's texts exceed what an array holds; a fault of ours.
    pub fn read(&self, body: &[u8]) -> Result<Records, ArrowError> {
        let mut keys = Keys::default();
        for column in &self.columns {
            keys.add(&column.name);
        }
        let n_columns = self.columns.len();
        let mut reading = Reading {
            shape: self,
            row: Row { keys, tokens: vec![Token::MISSING; n_columns], unknown: Vec::new() },
            builders: (0..n_columns).map(|_| None).collect(),
            present: Vec::new(),
            n_rows: 0,
            n_records: 0,
            bad_rows: Vec::new(),
            rejected: Vec::new(),
            bag_text: String::new(),
        };
        each_record(body, &mut reading)?;
        reading.finish()
    }
}

/// One record's members.
struct Row {
    keys: Keys,
    tokens: Vec<Token>,
    /// Members that are no column: the name between its quotes as it was written, and the value.
    unknown: Vec<(String, Token)>,
}

impl Fields for Row {
    #[inline]
    fn field(&mut self, name: &str, escaped: bool, value: Token) {
        let key = if escaped { self.keys.find(&unescaped(name)) } else { self.keys.find(name) };
        match key.and_then(|key| self.tokens.get_mut(key)) {
            Some(token) => *token = value,
            None => self.unknown.push((name.to_string(), value)),
        }
    }
}

struct Reading<'a> {
    shape: &'a RecordShape,
    row: Row,
    builders: Vec<Option<ColumnBuilder>>,
    /// Columns that have a builder.
    present: Vec<usize>,
    n_rows: usize,
    n_records: u64,
    /// Rows that are in the builders and were rejected all the same.
    bad_rows: Vec<usize>,
    rejected: Vec<Rejected>,
    bag_text: String,
}

impl Reading<'_> {
    /// Adds the record to the columns; returns what does not fit.
    fn push(&mut self, text: &str) -> Result<Option<String>, ArrowError> {
        let mut misfit = None;
        let lenient_bag = self.shape.bag.filter(|_| self.shape.is_lenient);
        if lenient_bag.is_some() {
            self.row.unknown.clear();
        }
        for (place, token) in self.row.tokens.iter().enumerate() {
            if *token == Token::MISSING {
                continue;
            }
            if let Some(builder @ None) = self.builders.get_mut(place) {
                let ktype = self.shape.columns.get(place).map_or(KqlType::String, |column| column.ktype);
                *builder = Some(new_builder(ktype, self.n_rows)?);
                self.present.push(place);
            }
        }
        let bag = self.shape.bag.filter(|_| !self.row.unknown.is_empty());
        for place in &self.present {
            let (Some(Some(builder)), Some(token)) = (self.builders.get_mut(*place), self.row.tokens.get(*place))
            else {
                continue;
            };
            if bag == Some(*place) {
                continue;
            }
            let fits = builder.push_json(text, *token, Origin::Schema);
            if !fits && let (Some(_), Some(column)) = (lenient_bag, self.shape.columns.get(*place)) {
                let mut quoted = String::new();
                write_json_string(&mut quoted, &column.name);
                let name = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
                self.row.unknown.push((name.to_string(), *token));
                continue;
            }
            if !fits && misfit.is_none() {
                let column = self.shape.columns.get(*place);
                let (name, ktype) = column.map_or(("", KqlType::String), |column| (&column.name, column.ktype));
                misfit = Some(format!("{} in column `{name}` is not of type {ktype}", quoted(token.text(text))));
            }
        }
        let misfits = lenient_bag.filter(|_| !self.row.unknown.is_empty());
        if let Some(place) = bag.or(misfits) {
            self.bag_of(text, place);
            let builder = match self.builders.get_mut(place) {
                Some(Some(builder)) => builder,
                Some(empty) => {
                    self.present.push(place);
                    empty.insert(new_builder(KqlType::Dynamic, self.n_rows)?)
                }
                None => return Ok(misfit),
            };
            builder.push_text(&self.bag_text);
        }
        Ok(misfit)
    }

    /// Writes the object of all members that are no column, and of those that the bag itself was sent with.
    fn bag_of(&mut self, text: &str, place: usize) {
        self.bag_text.clear();
        self.bag_text.push('{');
        let sent = self.row.tokens.get(place).map(|token| token.text(text)).unwrap_or("");
        match sent.strip_prefix('{').and_then(|sent| sent.strip_suffix('}')).map(str::trim) {
            Some("") => {}
            Some(members) => self.bag_text.push_str(members),
            None if sent.is_empty() || sent == "null" => {}
            None => {
                let name = self.shape.columns.get(place).map_or("", |column| column.name.as_str());
                write_json_string(&mut self.bag_text, name);
                self.bag_text.push(':');
                self.bag_text.push_str(sent);
            }
        }
        for (name, token) in &self.row.unknown {
            if self.bag_text.len() > 1 {
                self.bag_text.push(',');
            }
            self.bag_text.push('"');
            self.bag_text.push_str(name);
            self.bag_text.push_str("\":");
            match token.kind {
                // It is no JSON inside an object.
                Kind::Special => write_json_string(&mut self.bag_text, token.text(text)),
                _ => self.bag_text.push_str(token.text(text)),
            }
        }
        self.bag_text.push('}');
    }

    fn finish(self) -> Result<Records, ArrowError> {
        let mut fields = Vec::with_capacity(self.present.len());
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.present.len());
        for (builder, field) in self.builders.into_iter().zip(self.shape.schema.fields()) {
            if let Some(mut builder) = builder {
                columns.push(builder.finish());
                fields.push(field.clone());
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
        Ok(Records { batch: without(batch, &self.bad_rows)?, rejected: self.rejected })
    }
}

impl RecordSink for Reading<'_> {
    /// Reads the object that opens at `at` and returns where to go on.
    fn object(&mut self, text: &str, at: usize) -> Result<usize, ArrowError> {
        let bytes = text.as_bytes();
        self.row.keys.begin();
        self.row.tokens.fill(Token::MISSING);
        self.row.unknown.clear();
        let end = match scan::object(text, at, &mut self.row) {
            Ok(end) => end,
            Err(Fault { at: place, what }) => {
                let end = next_record(bytes, at, place, self.shape.record_bytes_max);
                let raw = bytes.get(at..end).unwrap_or(&[]).trim_ascii_end();
                let detail = format!("at byte {} of the record: {}", place.saturating_sub(at), what.text());
                self.reject(Rejection::Malformed, detail, raw);
                return Ok(end);
            }
        };
        let raw = bytes.get(at..end).unwrap_or(&[]);
        if raw.len() > self.shape.record_bytes_max {
            let detail = format!("{} bytes, and a record may have {}", raw.len(), self.shape.record_bytes_max);
            self.reject(Rejection::Oversized, detail, raw);
            return Ok(end);
        }
        if self.shape.bag.is_none()
            && let Some((name, _)) = self.row.unknown.first()
        {
            self.reject(Rejection::UnknownColumn, format!("the table has no column {}", quoted(name)), raw);
            return Ok(end);
        }
        if let Some(detail) = self.push(text)? {
            self.bad_rows.push(self.n_rows);
            self.reject(Rejection::Mistyped, detail, raw);
        } else {
            self.n_records += 1;
        }
        self.n_rows += 1;
        Ok(end)
    }

    fn reject(&mut self, reason: Rejection, detail: String, raw: &[u8]) {
        self.rejected.push(Rejected { position: self.n_records, reason, detail, raw: raw.to_vec() });
        self.n_records += 1;
    }
}

/// Leaves rows out.
pub(crate) fn without(batch: RecordBatch, rows: &[usize]) -> Result<RecordBatch, ArrowError> {
    if rows.is_empty() {
        return Ok(batch);
    }
    let mut keep = vec![true; batch.num_rows()];
    for row in rows {
        if let Some(keep) = keep.get_mut(*row) {
            *keep = false;
        }
    }
    filter_record_batch(&batch, &BooleanArray::from(keep))
}

/// Makes a builder with nulls for the rows before.
pub(crate) fn new_builder(ktype: KqlType, n_before: usize) -> Result<ColumnBuilder, ArrowError> {
    let mut builder = ColumnBuilder::new(ktype, n_before + 64)?;
    for _ in 0..n_before {
        builder.push_null();
    }
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use arrow::util::display::array_value_to_string;

    fn read(body: &[u8]) -> String {
        let columns = [
            Column::new("TimeGenerated", KqlType::Datetime),
            Column::new("User", KqlType::String),
            Column::new("N", KqlType::Long),
            Column::new("Rest", KqlType::Dynamic),
        ];
        let records = RecordShape::new(&columns, Some("Rest"), 100).read(body).expect("columns");
        let mut out = Vec::new();
        for row in 0..records.batch.num_rows() {
            let cells = columns.iter().map(|column| match records.batch.column_by_name(&column.name) {
                None if column.ktype == KqlType::String => String::new(),
                Some(array) if !array.is_null(row) => array_value_to_string(array, row).expect("a cell"),
                _ => "null".to_string(),
            });
            out.push(cells.collect::<Vec<_>>().join("|"));
        }
        for Rejected { position, reason, detail, raw } in &records.rejected {
            out.push(format!("{position} {} {detail}: {}", reason.name(), String::from_utf8_lossy(raw)));
        }
        out.join("\n")
    }

    #[test]
    fn each_record_is_judged_by_itself() {
        let cases: [(&[u8], &str); 18] = [
            (b"", ""),
            (b"[]", ""),
            (b"{}", "null||null|null"),
            (b"[{\"User\":\"a\",\"N\":1},{\"N\":2}]", "null|a|1|null\nnull||2|null"),
            (b"{\"User\":\"a\"}\r\n\n{\"User\":\"b\"}", "null|a|null|null\nnull|b|null|null"),
            (b"{\"User\":\"a\"}{\"N\":3}", "null|a|null|null\nnull||3|null"),
            (b"\xef\xbb\xbf{\"N\":1}", "null||1|null"),
            (b"{\"x\":[1, 2],\"N\":1,\"y\\u0041\":null}", "null||1|{\"x\":[1,2],\"y\\u0041\":null}"),
            (
                b"{\"x\":1,\"Rest\":{\"b\":2}}\n{\"Rest\":[1],\"x\":1}",
                "null||null|{\"b\":2,\"x\":1}\nnull||null|{\"Rest\":[1],\"x\":1}",
            ),
            (
                b"{\"N\":1}\n{\"N\":\"q\"}\n{\"N\":2}",
                "null||1|null\nnull||2|null\n1 Mistyped `\"q\"` in column `N` is not of type long: {\"N\":\"q\"}",
            ),
            (
                b"{\"N\":1}\n{\"N\":2,,}\n{\"N\":3}",
                "null||1|null\nnull||3|null\n1 Malformed at byte 7 of the record: a member's name in quotes is expected: {\"N\":2,,}",
            ),
            (b"{\"N\":1}\n7\n{\"N\":3}", "null||1|null\nnull||3|null\n1 Malformed it is no object: 7"),
            (
                b"{\"N\":1}\n{\"User\":\"\xff\"}\n{\"N\":3}",
                "null||1|null\nnull||3|null\n1 Encoding byte 9 of the line is not UTF-8: {\"User\":\"\u{fffd}\"}",
            ),
            (b"[{\"N\":1}", "null||1|null\n1 Malformed the array of records is not closed: "),
            (
                b"{\"N\":1}\n{\"N\":",
                "null||1|null\n1 Malformed at byte 5 of the record: the text ends inside a value: {\"N\":",
            ),
            (
                b"{\"N\":\n{\"N\":1}\n{\"N\":2",
                "null||1|null\n0 Malformed at byte 14 of the record: `,` or a closing bracket is expected: {\"N\":\n2 Malformed at byte 6 of the record: the text ends inside a value: {\"N\":2",
            ),
            (
                b"{\"User\":\"a\n{\"N\":1}",
                "null||1|null\n0 Malformed at byte 13 of the record: `,` or a closing bracket is expected: {\"User\":\"a",
            ),
            (b"nonsense\n{\"N\":1}", "null||1|null\n0 Malformed it is no object: nonsense"),
        ];
        for (body, expected) in cases {
            assert_eq!(read(body), expected, "{}", String::from_utf8_lossy(body));
        }
        let long = format!("{{\"User\":\"{}\"}}\n{{\"N\":1}}", "a".repeat(100));
        assert!(read(long.as_bytes()).contains("0 Oversized 111 bytes, and a record may have 100: {"));
    }

    #[test]
    fn a_table_without_a_bag_takes_no_unknown_members() {
        let shape = RecordShape::new(&[Column::new("N", KqlType::Long)], Some("Rest"), 100);
        let records = shape.read(b"{\"N\":1,\"x\":2}\n{\"N\":2}").expect("columns");
        assert_eq!((records.batch.num_rows(), records.rejected.len()), (1, 1));
        assert_eq!(records.rejected[0].detail, "the table has no column `x`");
    }
}
