//! Tables of GitHub's Markdown; several under their names.

use crate::value::Values;
use crate::{EncodeError, Encoder, Statistics};
use arrow::array::RecordBatch;
use schema::{Column, KqlType};
use std::io::Write;

/// Writes tables of Markdown.
pub(crate) struct MarkdownEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    columns: Vec<Column>,
    tables: usize,
    text: String,
    cell: String,
}

impl<'a> MarkdownEncoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>) -> MarkdownEncoder<'a> {
        MarkdownEncoder { out, columns: Vec::new(), tables: 0, text: String::new(), cell: String::new() }
    }
}

/// Appends a cell with the characters escaped that would end it or mean markup.
fn push_cell(out: &mut String, cell: &str) {
    for c in cell.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("<br>"),
            '\r' => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

impl Encoder for MarkdownEncoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        self.columns = columns.to_vec();
        if self.tables > 0 {
            self.text.push_str("\n**");
            push_cell(&mut self.text, name);
            self.text.push_str("**\n\n");
        }
        self.tables += 1;
        self.text.push('|');
        for column in columns {
            self.text.push(' ');
            push_cell(&mut self.text, &column.name);
            self.text.push_str(" |");
        }
        self.text.push_str("\n|");
        for column in columns {
            let right = column.ktype.is_numeric() || column.ktype == KqlType::Timespan;
            self.text.push_str(if right { "---:|" } else { "---|" });
        }
        self.text.push('\n');
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let values = Values::of_batch(batch, &self.columns)?;
        for row in 0..batch.num_rows() {
            self.text.push('|');
            for values in &values {
                self.cell.clear();
                values.write_shown(row, &mut self.cell);
                self.text.push(' ');
                push_cell(&mut self.text, &self.cell);
                self.text.push_str(" |");
            }
            self.text.push('\n');
        }
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
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
