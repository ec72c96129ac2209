//! JSON: an array of objects for each table, or an object a line.

use crate::value::Values;
use crate::{EncodeError, Encoder, Statistics};
use arrow::array::RecordBatch;
use schema::Column;
use schema::dynamic::write_json_string;
use std::io::Write;

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes rows as objects. Several tables follow one another: as arrays, or as lines.
pub(crate) struct JsonEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    lines: bool,
    columns: Vec<Column>,
    /// Each column's name as a JSON string with its colon.
    names: Vec<String>,
    rows: u64,
    text: String,
}

impl<'a> JsonEncoder<'a> {
    pub fn documents(out: Box<dyn Write + Send + 'a>) -> JsonEncoder<'a> {
        JsonEncoder { out, lines: false, columns: Vec::new(), names: Vec::new(), rows: 0, text: String::new() }
    }

    pub fn lines(out: Box<dyn Write + Send + 'a>) -> JsonEncoder<'a> {
        JsonEncoder { lines: true, ..JsonEncoder::documents(out) }
    }

    fn flush(&mut self, bytes_min: usize) -> Result<(), EncodeError> {
        if self.text.len() >= bytes_min {
            self.out.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }
}

impl Encoder for JsonEncoder<'_> {
    fn begin_table(&mut self, _name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        self.columns = columns.to_vec();
        self.names.clear();
        for column in columns {
            let mut name = String::new();
            write_json_string(&mut name, &column.name);
            name.push(':');
            self.names.push(name);
        }
        self.rows = 0;
        if !self.lines {
            self.text.push('[');
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let values = Values::of_batch(batch, &self.columns)?;
        for row in 0..batch.num_rows() {
            if !self.lines {
                self.text.push_str(if self.rows == 0 { "\n" } else { ",\n" });
            }
            self.rows += 1;
            self.text.push('{');
            for (i, (values, name)) in values.iter().zip(&self.names).enumerate() {
                if i > 0 {
                    self.text.push(',');
                }
                self.text.push_str(name);
                values.write_json(row, &mut self.text);
            }
            self.text.push('}');
            if self.lines {
                self.text.push('\n');
            }
            if self.text.len() >= BUFFER_BYTES {
                self.out.write_all(self.text.as_bytes())?;
                self.text.clear();
            }
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        if !self.lines {
            self.text.push_str(if self.rows == 0 { "]\n" } else { "\n]\n" });
        }
        self.flush(0)
    }

    fn finish(&mut self, _: &Statistics) -> Result<(), EncodeError> {
        self.flush(0)?;
        Ok(self.out.flush()?)
    }
}
