//! CSV and TSV with a header.

use crate::value::Values;
use crate::{EncodeError, Encoder, Statistics};
use arrow::array::RecordBatch;
use schema::Column;
use std::io::Write;

/// Bytes that are gathered before they are written.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes cells between delimiters.
///
/// # Source
/// RFC 4180: lines end with CR LF, a cell is quoted when it holds a delimiter, a quote or a line break. Lines of TSV end with LF.
pub(crate) struct DelimitedEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    delimiter: char,
    line_end: &'static str,
    name: &'static str,
    columns: Vec<Column>,
    began: bool,
    text: String,
    cell: String,
}

impl<'a> DelimitedEncoder<'a> {
    pub fn csv(out: Box<dyn Write + Send + 'a>) -> DelimitedEncoder<'a> {
        let (text, cell) = (String::new(), String::new());
        DelimitedEncoder {
            out,
            delimiter: ',',
            line_end: "\r\n",
            name: "csv",
            columns: Vec::new(),
            began: false,
            text,
            cell,
        }
    }

    pub fn tsv(out: Box<dyn Write + Send + 'a>) -> DelimitedEncoder<'a> {
        DelimitedEncoder { delimiter: '\t', line_end: "\n", name: "tsv", ..DelimitedEncoder::csv(out) }
    }
}

/// Appends a cell, quoted where it must be.
fn push_cell(out: &mut String, cell: &str, delimiter: char) {
    if !cell.contains([delimiter, '"', '\n', '\r']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

impl Encoder for DelimitedEncoder<'_> {
    fn begin_table(&mut self, _name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if self.began {
            return Err(EncodeError::OneTable { format: self.name });
        }
        self.began = true;
        self.columns = columns.to_vec();
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                self.text.push(self.delimiter);
            }
            push_cell(&mut self.text, &column.name, self.delimiter);
        }
        self.text.push_str(self.line_end);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let values = Values::of_batch(batch, &self.columns)?;
        for row in 0..batch.num_rows() {
            for (i, values) in values.iter().enumerate() {
                if i > 0 {
                    self.text.push(self.delimiter);
                }
                self.cell.clear();
                values.write_text(row, &mut self.cell);
                // A row of one empty cell would be a blank line, which readers skip.
                if self.cell.is_empty() && self.columns.len() == 1 {
                    self.text.push_str("\"\"");
                } else {
                    push_cell(&mut self.text, &self.cell, self.delimiter);
                }
            }
            self.text.push_str(self.line_end);
            if self.text.len() >= BUFFER_BYTES {
                self.out.write_all(self.text.as_bytes())?;
                self.text.clear();
            }
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    fn finish(&mut self, _: &Statistics) -> Result<(), EncodeError> {
        Ok(self.out.flush()?)
    }
}
