//! Rows of a table that are put together cell by cell, for formats whose records are read elsewhere. As with
//! [`RecordShape`](crate::RecordShape), a record is taken whole or rejected with the reason and its bytes.

use crate::cell::{ColumnBuilder, Origin};
use crate::json::records::{RecordSink, each_record, next_record};
use crate::json::scan::{self, Fault};
use crate::records::{Records, Rejected, Rejection, new_builder, without};
use crate::warnings::quoted;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use schema::Column;
use std::sync::Arc;

/// Builds rows.
pub struct RowBuilder {
    columns: Vec<Built>,
    record_bytes_max: usize,
    n_rows: usize,
    n_records: u64,
    /// What the present row has wrong.
    misfit: Option<String>,
    /// Rows that are in the builders and were rejected all the same.
    bad_rows: Vec<usize>,
    rejected: Vec<Rejected>,
}

struct Built {
    column: Column,
    builder: Option<ColumnBuilder>,
    /// Whether the present row has a cell here.
    is_set: bool,
}

impl RowBuilder {
    /// Makes a builder of rows of these columns, for records of so many bytes at most.
    pub fn new(columns: &[Column], record_bytes_max: usize) -> RowBuilder {
        let built = |column: &Column| Built { column: column.clone(), builder: None, is_set: false };
        RowBuilder {
            columns: columns.iter().map(built).collect(),
            record_bytes_max,
            n_rows: 0,
            n_records: 0,
            misfit: None,
            bad_rows: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Returns the number of records so far, rejected ones too.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Puts a text into a column of the present row. The first cell of a column counts.
    ///
    /// # Errors
    /// When a column cannot be built; a fault of ours.
    pub fn text(&mut self, column: usize, cell: &str) -> Result<(), ArrowError> {
        self.push(column, |builder| builder.push_text(cell).then_some(()).ok_or(cell))
    }

    /// Puts JSON text into a column of the present row. The first cell of a column counts.
    ///
    /// # Errors
    /// As [`RowBuilder::text`].
    pub fn json(&mut self, column: usize, json: &str) -> Result<(), ArrowError> {
        let json = json.trim();
        let token = scan::value(json.as_bytes(), 0).ok().filter(|token| token.end == json.len());
        self.push(column, |builder| {
            let fits = match token {
                Some(token) => builder.push_json(json, token, Origin::Schema),
                None => {
                    builder.push_null();
                    false
                }
            };
            fits.then_some(()).ok_or(json)
        })
    }

    fn push<'c>(
        &mut self,
        column: usize,
        push: impl FnOnce(&mut ColumnBuilder) -> Result<(), &'c str>,
    ) -> Result<(), ArrowError> {
        let n_rows = self.n_rows;
        let Some(built) = self.columns.get_mut(column).filter(|built| !built.is_set) else { return Ok(()) };
        built.is_set = true;
        let builder = match &mut built.builder {
            Some(builder) => builder,
            empty => empty.insert(new_builder(built.column.ktype, n_rows)?),
        };
        if let Err(cell) = push(builder)
            && self.misfit.is_none()
        {
            let Column { name, ktype, .. } = &built.column;
            self.misfit = Some(format!("{} in column `{name}` is not of type {ktype}", quoted(cell)));
        }
        Ok(())
    }

    /// Ends the present row, whose record had these bytes: it is taken, or rejected when a cell does not fit or it is too long.
    pub fn end(&mut self, raw: &[u8]) {
        for built in &mut self.columns {
            if !std::mem::take(&mut built.is_set)
                && let Some(builder) = &mut built.builder
            {
                builder.push_null();
            }
        }
        let misfit = self.misfit.take();
        let row = self.n_rows;
        self.n_rows += 1;
        if raw.len() > self.record_bytes_max {
            let detail = format!("{} bytes, and a record may have {}", raw.len(), self.record_bytes_max);
            self.bad_rows.push(row);
            self.reject(Rejection::Oversized, detail, raw);
        } else if let Some(detail) = misfit {
            self.bad_rows.push(row);
            self.reject(Rejection::Mistyped, detail, raw);
        } else {
            self.n_records += 1;
        }
    }

    /// Rejects a record that is no row.
    pub fn reject(&mut self, reason: Rejection, detail: impl Into<String>, raw: &[u8]) {
        self.rejected.push(Rejected { position: self.n_records, reason, detail: detail.into(), raw: raw.to_vec() });
        self.n_records += 1;
    }

    /// Reads a body of JSON objects, an array of them or one after the other. `row` puts the cells of each, given as its JSON text; what is
    /// no object is rejected.
    ///
    /// # Errors
    /// When `row` fails.
    pub fn read_objects(
        &mut self,
        body: &[u8],
        row: impl FnMut(&mut RowBuilder, &str) -> Result<(), ArrowError>,
    ) -> Result<(), ArrowError> {
        each_record(body, &mut Objects { rows: self, row })
    }

    /// Ends the rows.
    ///
    /// # Errors
    /// When columns cannot be built; a fault of ours.
    pub fn finish(self) -> Result<Records, ArrowError> {
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for built in self.columns {
            if let Some(mut builder) = built.builder {
                arrays.push(builder.finish());
                fields.push(Field::new(&built.column.name, built.column.ktype.arrow(), true));
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
        Ok(Records { batch: without(batch, &self.bad_rows)?, rejected: self.rejected })
    }
}

/// Objects on their way into rows.
struct Objects<'a, R> {
    rows: &'a mut RowBuilder,
    row: R,
}

impl<R: FnMut(&mut RowBuilder, &str) -> Result<(), ArrowError>> RecordSink for Objects<'_, R> {
    fn object(&mut self, text: &str, at: usize) -> Result<usize, ArrowError> {
        let bytes = text.as_bytes();
        let end = match scan::value(bytes, at) {
            Ok(token) => token.end,
            Err(Fault { at: place, what }) => {
                let end = next_record(bytes, at, place, self.rows.record_bytes_max);
                let detail = format!("at byte {} of the record: {}", place.saturating_sub(at), what.text());
                let raw = bytes.get(at..end).unwrap_or(&[]).trim_ascii_end();
                self.rows.reject(Rejection::Malformed, detail, raw);
                return Ok(end);
            }
        };
        let object = text.get(at..end).unwrap_or("");
        (self.row)(self.rows, object)?;
        self.rows.end(object.as_bytes());
        Ok(end)
    }

    fn reject(&mut self, reason: Rejection, detail: String, raw: &[u8]) {
        self.rows.reject(reason, detail, raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;
    use schema::KqlType;
    use schema::dynamic::raw;

    fn columns() -> Vec<Column> {
        vec![
            Column::new("N", KqlType::Long),
            Column::new("S", KqlType::String),
            Column::new("Never", KqlType::Real),
            Column::new("D", KqlType::Dynamic),
        ]
    }

    #[test]
    fn rows_are_taken_whole_or_not_at_all() {
        let mut rows = RowBuilder::new(&columns(), 20);
        rows.text(0, "1").unwrap();
        rows.end(b"first");
        rows.text(1, "x").unwrap();
        rows.text(0, "one").unwrap();
        rows.end(b"second");
        rows.reject(Rejection::Encoding, "no text", b"third");
        rows.json(3, r#" {"a": 1} "#).unwrap();
        rows.text(3, "what comes second does not count").unwrap();
        rows.end(b"fourth");
        rows.json(3, "{").unwrap();
        rows.end(b"fifth");
        rows.end(&[b'x'; 21]);
        assert_eq!(rows.n_records(), 6);
        let Records { batch, rejected } = rows.finish().unwrap();
        let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!((names, batch.num_rows()), (vec!["N".to_string(), "S".into(), "D".into()], 2));
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), None]);
        assert_eq!(batch.column(2).as_string_view().value(1), r#"{"a":1}"#);
        let shown: Vec<_> = rejected.iter().map(|r| (r.position, r.reason, r.raw.len())).collect();
        let expected = [
            (1, Rejection::Mistyped, 6),
            (2, Rejection::Encoding, 5),
            (4, Rejection::Mistyped, 5),
            (5, Rejection::Oversized, 21),
        ];
        assert_eq!(shown, expected);
        assert_eq!(rejected[0].detail, "`one` in column `N` is not of type long");
    }

    #[test]
    fn objects_become_rows_and_the_rest_is_rejected() {
        let mut rows = RowBuilder::new(&columns(), 1000);
        let body = b"{\"a\":1}\n{\"a\":\n{\"a\":3} 7\n\xff\n{\"a\":4}";
        let put = |rows: &mut RowBuilder, json: &str| rows.json(0, raw::member(json, "a").unwrap_or("null"));
        rows.read_objects(body, put).unwrap();
        let Records { batch, rejected } = rows.finish().unwrap();
        let numbers: Vec<_> = batch.column(0).as_primitive::<Int64Type>().iter().flatten().collect();
        assert_eq!(numbers, [1, 3, 4]);
        let reasons: Vec<_> = rejected.iter().map(|rejected| (rejected.position, rejected.reason)).collect();
        assert_eq!(reasons, [(1, Rejection::Malformed), (3, Rejection::Malformed), (4, Rejection::Encoding)]);
    }
}
