//! Records of text: cells with a delimiter, lines, whole bodies, W3C's extended log format.
//!
//! # Source
//! RFC 4180; W3C working draft "Extended Log File Format".

use crate::format::DataFormat;
use crate::plan::Plan;
use arrow::error::ArrowError;
use files::csv::{self, Cell, Step};
use files::{Rejection, RowBuilder};
use std::borrow::Cow;
use std::collections::HashMap;

/// Records whose quotes do not close that are looked for one by one; what comes after so many is rejected as a whole, so that no body costs
/// more than its length times this.
const UNCLOSED_MAX: usize = 100;

/// How records of text are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextOptions {
    /// Whether the first record is a header, and left out.
    pub ignores_first: bool,
    /// Whether each cell of a record has to have a column.
    pub is_exact: bool,
}

/// Reads a body.
pub(crate) fn read(
    format: DataFormat,
    body: &[u8],
    plan: &Plan,
    options: TextOptions,
    rows: &mut RowBuilder,
) -> Result<(), ArrowError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if format == DataFormat::Raw {
        return match std::str::from_utf8(body) {
            Ok(text) => {
                plan.put_cells(rows, |ordinal| (ordinal == 0).then_some(text))?;
                rows.end(body);
                Ok(())
            }
            Err(error) => {
                rows.reject(Rejection::Encoding, format!("byte {} is not UTF-8", error.valid_up_to()), body);
                Ok(())
            }
        };
    }
    let mut reading = Reading { plan, options, rows, is_first: true, fields: HashMap::new() };
    each_text(body, &mut reading, |reading, text| match format {
        DataFormat::Txt => reading.lines(text, |reading, line| reading.row(&[Cow::Borrowed(line)], line)),
        DataFormat::Tsve => reading.lines(text, |reading, line| reading.row(&escaped_cells(line), line)),
        DataFormat::W3cLogFile => reading.lines(text, Reading::log_line),
        _ => reading.delimited(text, delimiter(format)),
    })
}

fn delimiter(format: DataFormat) -> u8 {
    match format {
        DataFormat::Tsv => b'\t',
        DataFormat::Scsv => b';',
        DataFormat::Sohsv => 1,
        DataFormat::Psv => b'|',
        _ => b',',
    }
}

struct Reading<'a> {
    plan: &'a Plan,
    options: TextOptions,
    rows: &'a mut RowBuilder,
    is_first: bool,
    /// Of W3C's format: the places of the fields, by name.
    fields: HashMap<String, usize>,
}

/// Hands over the runs of lines that are UTF-8, and rejects the other lines.
fn each_text<'b>(
    body: &'b [u8],
    reading: &mut Reading<'_>,
    mut text: impl FnMut(&mut Reading<'_>, &'b str) -> Result<(), ArrowError>,
) -> Result<(), ArrowError> {
    let mut rest = body;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(last) => return text(reading, last),
            Err(error) => error,
        };
        let (valid, _) = rest.split_at(error.valid_up_to());
        let start = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', rest.get(valid.len()..).unwrap_or(&[])).map_or(rest.len(), |n| valid.len() + n);
        text(reading, std::str::from_utf8(rest.get(..start).unwrap_or(&[])).unwrap_or(""))?;
        let line = rest.get(start..end).unwrap_or(&[]);
        reading.rows.reject(
            Rejection::Encoding,
            format!("byte {} of the line is not UTF-8", valid.len() - start),
            line,
        );
        reading.is_first = false;
        rest = rest.get(end + 1..).unwrap_or(&[]);
    }
}

impl Reading<'_> {
    fn delimited(&mut self, text: &str, delimiter: u8) -> Result<(), ArrowError> {
        let (mut at, mut n_unclosed) = (0, 0);
        let mut places: Vec<Cell> = Vec::new();
        while at < text.len() {
            places.clear();
            match csv::record(text, at, delimiter, true, |_, cell| places.push(cell)) {
                Step::Record { next, .. } => {
                    let raw = text.get(at..next).unwrap_or("").trim_end_matches(['\n', '\r']);
                    if !raw.is_empty() {
                        let cells: Vec<Cow<'_, str>> = places.iter().map(|cell| cell_text(cell, text)).collect();
                        self.row(&cells, raw)?;
                    }
                    at = next.max(at + 1);
                }
                Step::Unfinished { .. } => {
                    n_unclosed += 1;
                    let rest = text.get(at..).unwrap_or("");
                    let end = rest.find('\n').filter(|_| n_unclosed <= UNCLOSED_MAX).unwrap_or(rest.len());
                    let raw = rest.get(..end).unwrap_or("").trim_end_matches('\r');
                    self.rows.reject(Rejection::Malformed, "a quoted cell is not closed", raw.as_bytes());
                    at += end + 1;
                }
            }
        }
        Ok(())
    }

    fn lines(
        &mut self,
        text: &str,
        mut line: impl FnMut(&mut Self, &str) -> Result<(), ArrowError>,
    ) -> Result<(), ArrowError> {
        for found in text.split('\n') {
            let found = found.strip_suffix('\r').unwrap_or(found);
            if !found.is_empty() {
                line(self, found)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, cells: &[Cow<'_, str>], raw: &str) -> Result<(), ArrowError> {
        if std::mem::take(&mut self.is_first) && self.options.ignores_first {
            return Ok(());
        }
        let n_cells = self.plan.n_cells();
        let n_extra = cells.iter().skip(n_cells).filter(|cell| !cell.trim().is_empty()).count();
        if self.options.is_exact && n_extra > 0 {
            let detail = format!("the record has {} cells, and the table {n_cells} columns", cells.len());
            self.rows.reject(Rejection::UnknownColumn, detail, raw.as_bytes());
            return Ok(());
        }
        self.plan.put_cells(self.rows, |ordinal| cells.get(ordinal).map(Cow::as_ref))?;
        self.rows.end(raw.as_bytes());
        Ok(())
    }

    /// Reads a line of W3C's format: a directive, of which `#Fields:` says what the cells are, or a record.
    fn log_line(&mut self, line: &str) -> Result<(), ArrowError> {
        if let Some(directive) = line.strip_prefix('#') {
            if let Some(names) = directive.strip_prefix("Fields:") {
                self.fields = names.split_whitespace().map(str::to_string).zip(0..).collect();
            }
            return Ok(());
        }
        if self.fields.is_empty() {
            self.rows.reject(Rejection::Malformed, "no `#Fields:` says what the cells are", line.as_bytes());
            return Ok(());
        }
        let cells = log_cells(line);
        if cells.len() != self.fields.len() {
            let detail = format!("the record has {} cells, and `#Fields:` names {}", cells.len(), self.fields.len());
            self.rows.reject(Rejection::Malformed, detail, line.as_bytes());
            return Ok(());
        }
        let fields = &self.fields;
        // A dash is an empty cell.
        let cell = |name: &str| fields.get(name).and_then(|at| cells.get(*at)).map(Cow::as_ref).filter(|c| *c != "-");
        self.plan.put_named(self.rows, cell)?;
        self.rows.end(line.as_bytes());
        Ok(())
    }
}

fn cell_text<'t>(cell: &Cell, text: &'t str) -> Cow<'t, str> {
    match cell.quoting {
        csv::Quoting::Plain => Cow::Borrowed(text.get(cell.start..cell.end).unwrap_or("")),
        csv::Quoting::Marked => {
            let mut scratch = String::new();
            cell.text(text, &mut scratch);
            Cow::Owned(scratch)
        }
    }
}

/// Takes a line apart at its tabs and undoes its backslashes.
fn escaped_cells(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\t' => cells.push(Cow::Owned(std::mem::take(&mut cell))),
            '\\' => match chars.next() {
                Some('t') => cell.push('\t'),
                Some('n') => cell.push('\n'),
                Some('r') => cell.push('\r'),
                Some(other) => cell.push(other),
                None => cell.push('\\'),
            },
            other => cell.push(other),
        }
    }
    cells.push(Cow::Owned(cell));
    cells
}

/// Takes a line of W3C's format apart at its blanks; a text in quotes is one cell, quotes in it are doubled.
fn log_cells(line: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let quoted = rest.strip_prefix('"').and_then(|inner| {
            let mut text = String::new();
            let mut chars = inner.char_indices();
            while let Some((at, c)) = chars.next() {
                if c != '"' {
                    text.push(c);
                } else if inner.get(at + 1..).is_some_and(|after| after.starts_with('"')) {
                    text.push('"');
                    chars.next();
                } else {
                    return Some((text, inner.get(at + 1..).unwrap_or("")));
                }
            }
            None
        });
        let (cell, after) = match quoted {
            Some((text, after)) => (Cow::Owned(text), after),
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                (Cow::Borrowed(cell), after)
            }
        };
        cells.push(cell);
        rest = after.trim_start();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use schema::{Column, KqlType};

    const OPTIONS: TextOptions = TextOptions { ignores_first: false, is_exact: true };

    /// Reads a body into the columns `a` and `b`; returns the rows, cells joined by `|`, and the reasons of what was rejected.
    fn rows_of(format: DataFormat, body: &[u8], options: TextOptions) -> (Vec<String>, Vec<String>) {
        let columns = ["a", "b"].map(|name| Column::new(name, KqlType::String));
        let plan = match format {
            DataFormat::W3cLogFile => Plan::by_name(&columns),
            _ => Plan::by_order(&[0, 1]),
        };
        let mut rows = RowBuilder::new(&columns, 1000);
        read(format, body, &plan, options, &mut rows).unwrap();
        let records = rows.finish().unwrap();
        let cell = |name: &str, row| {
            records.batch.column_by_name(name).map_or("", |array| array.as_string_view().value(row)).to_string()
        };
        let shown = (0..records.batch.num_rows()).map(|row| format!("{}|{}", cell("a", row), cell("b", row))).collect();
        (shown, records.rejected.into_iter().map(|r| format!("{}: {}", r.reason.name(), r.detail)).collect())
    }

    fn good(format: DataFormat, body: &str) -> Vec<String> {
        let (rows, rejected) = rows_of(format, body.as_bytes(), OPTIONS);
        assert!(rejected.is_empty(), "{rejected:?}");
        rows
    }

    #[test]
    fn every_delimiter_separates() {
        for (format, between) in [
            (DataFormat::Csv, ','),
            (DataFormat::Tsv, '\t'),
            (DataFormat::Tsve, '\t'),
            (DataFormat::Scsv, ';'),
            (DataFormat::Sohsv, '\u{1}'),
            (DataFormat::Psv, '|'),
        ] {
            let body = format!("\u{feff}1{between}one\r\n\r\n2{between}two{between}\n3");
            assert_eq!(good(format, &body), ["1|one", "2|two", "3|"], "{format:?}");
        }
        assert_eq!(good(DataFormat::Csv, "\"a\"\"b\",\"c\nd\"\n"), ["a\"b|c\nd"]);
        assert_eq!(good(DataFormat::Tsve, "a\\tb\tc\\nd\\\\\n"), ["a\tb|c\nd\\"]);
        assert_eq!(good(DataFormat::Txt, "a,b\n\n c \n"), ["a,b|", " c |"]);
        assert_eq!(good(DataFormat::Raw, "a\nb\n"), ["a\nb\n|"]);
    }

    #[test]
    fn a_header_is_left_out_when_asked() {
        let options = TextOptions { ignores_first: true, ..OPTIONS };
        assert_eq!(rows_of(DataFormat::Csv, b"x,y\n1,2\n", options).0, ["1|2"]);
    }

    #[test]
    fn good_records_stay_beside_bad_ones() {
        let (rows, rejected) = rows_of(DataFormat::Csv, b"1,a\n2,b,c\n3,\xff\n4,d\n5,\"e\n6,f", OPTIONS);
        assert_eq!(rows, ["1|a", "4|d", "6|f"]);
        let expected = [
            "UnknownColumn: the record has 3 cells, and the table 2 columns",
            "Encoding: byte 2 of the line is not UTF-8",
            "Malformed: a quoted cell is not closed",
        ];
        assert_eq!(rejected, expected);
        let loose = TextOptions { is_exact: false, ..OPTIONS };
        assert_eq!(rows_of(DataFormat::Csv, b"2,b,c", loose).0, ["2|b"]);
        assert_eq!(rows_of(DataFormat::Raw, b"\xff", OPTIONS).1, ["Encoding: byte 0 is not UTF-8"]);
    }

    #[test]
    fn unclosed_quotes_cost_no_more_than_they_may() {
        let body = "\"\n".repeat(2 * UNCLOSED_MAX + 1) + "\"\"\"";
        let (_, rejected) = rows_of(DataFormat::Csv, body.as_bytes(), OPTIONS);
        assert!(rejected.len() <= UNCLOSED_MAX + 1);
    }

    #[test]
    fn web_logs_say_what_their_cells_are() {
        let log = "#Version: 1.0\n#Fields: b x a\n1 2 3\n- - \"x \"\"y\"\"\"\n#Fields: a\nlast\n";
        assert_eq!(good(DataFormat::W3cLogFile, log), ["3|1", "x \"y\"|", "last|"]);
        let (rows, rejected) = rows_of(DataFormat::W3cLogFile, b"early\n#Fields: a b\n1\n1 2\n", OPTIONS);
        assert_eq!(rows, ["1|2"]);
        let expected = [
            "Malformed: no `#Fields:` says what the cells are",
            "Malformed: the record has 1 cells, and `#Fields:` names 2",
        ];
        assert_eq!(rejected, expected);
    }
}
