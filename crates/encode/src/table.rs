//! Columns side by side for a terminal.
//!
//! ```text
//! Caller               n
//! ─────────────────  ───
//! dana@contoso.com   172
//! erik@contoso.com     5
//! 2 rows
//! ```
//!
//! Numbers stand at the right. What is wider than its column ends with `…`; columns that do not fit the terminal are named
//! below the table. Control characters of the data never reach the terminal: they are shown as their pictures (`␛`).

use crate::value::Values;
use crate::{EncodeError, Encoder, Statistics};
use arrow::array::RecordBatch;
use schema::{Column, KqlType};
use std::borrow::Cow;
use std::io::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows from which the widths of the columns are taken.
const ROWS_LOOKED_AT: usize = 1000;
/// Columns of the terminal that a column keeps when space is short.
const WIDTH_MIN: usize = 8;
/// Columns of the terminal that a column takes at most when there is no limit.
const WIDTH_MAX: usize = 200;
/// What stands between two columns.
const GAP: &str = "  ";

/// Writes tables for a terminal.
pub(crate) struct TableEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    width: Option<usize>,
    columns: Vec<Column>,
    tables: usize,
    rows: u64,
    /// Cells held back until the widths are chosen.
    pending: Vec<Vec<String>>,
    /// The widths of the columns that fit; empty until chosen.
    widths: Vec<usize>,
    chosen: bool,
}

impl<'a> TableEncoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>, width: Option<usize>) -> TableEncoder<'a> {
        TableEncoder {
            out,
            width,
            columns: Vec::new(),
            tables: 0,
            rows: 0,
            pending: Vec::new(),
            widths: Vec::new(),
            chosen: false,
        }
    }

    /// Chooses the widths from the rows held back and writes the header and these rows.
    fn choose(&mut self) -> Result<(), EncodeError> {
        if std::mem::replace(&mut self.chosen, true) {
            return Ok(());
        }
        let mut wanted: Vec<usize> = self.columns.iter().map(|column| shown(&column.name).width().max(1)).collect();
        for row in &self.pending {
            for (width, cell) in wanted.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let wanted: Vec<Wanted> = wanted
            .into_iter()
            .zip(&self.columns)
            .map(|(width, column)| Wanted {
                width: width.min(WIDTH_MAX),
                least: if is_text(column.ktype) { width.min(WIDTH_MIN) } else { width },
            })
            .collect();
        self.widths = fit(&wanted, self.width);
        let header: Vec<String> = self.columns.iter().map(|column| shown(&column.name).into_owned()).collect();
        self.line(&header)?;
        let rule: Vec<String> = self.widths.iter().map(|width| "─".repeat(*width)).collect();
        self.line(&rule)?;
        for row in std::mem::take(&mut self.pending) {
            self.line(&row)?;
        }
        Ok(())
    }

    /// Writes one line of cells.
    fn line(&mut self, cells: &[String]) -> Result<(), EncodeError> {
        let mut line = String::new();
        for (i, ((cell, width), column)) in cells.iter().zip(&self.widths).zip(&self.columns).enumerate() {
            if i > 0 {
                line.push_str(GAP);
            }
            let cell = truncate(cell, *width);
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            if is_right(column.ktype) {
                line.push_str(&blanks);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&blanks);
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        Ok(self.out.write_all(line.as_bytes())?)
    }
}

fn is_right(ktype: KqlType) -> bool {
    ktype.is_numeric() || ktype == KqlType::Timespan
}

/// Returns whether values keep a meaning when they are cut: a cut number would be another number.
fn is_text(ktype: KqlType) -> bool {
    matches!(ktype, KqlType::String | KqlType::Dynamic | KqlType::Guid)
}

/// What a column asks for, and the least it can do with.
struct Wanted {
    width: usize,
    least: usize,
}

/// Returns the widths of as many columns, from the left, as fit: the widest are narrowed first.
fn fit(wanted: &[Wanted], width: Option<usize>) -> Vec<usize> {
    let Some(width) = width else { return wanted.iter().map(|w| w.width).collect() };
    let mut n = 0;
    let mut least = 0;
    for wanted in wanted {
        let more = wanted.least + if n > 0 { GAP.len() } else { 0 };
        if n > 0 && least + more > width {
            break;
        }
        least += more;
        n += 1;
    }
    let taken = wanted.get(..n).unwrap_or(wanted);
    let room = width.saturating_sub(GAP.len() * n.saturating_sub(1)).max(1);
    // Lower the ceiling over all columns until they fit.
    let narrowed = |ceiling: usize| taken.iter().map(move |w| w.width.min(ceiling.max(w.least)));
    let (mut low, mut high) = (1, taken.iter().map(|w| w.width).max().unwrap_or(1));
    while low < high {
        let middle = (low + high).div_ceil(2);
        if narrowed(middle).sum::<usize>() <= room { low = middle } else { high = middle - 1 }
    }
    narrowed(low).collect()
}

/// Returns the text with what a terminal would obey made visible.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| {
        !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let picture = |c: char| match c {
        '\0'..='\x1F' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
        '\x7F' => '␡',
        c if is_plain(c) => c,
        _ => '\u{FFFD}',
    };
    Cow::Owned(text.chars().map(picture).collect())
}

/// Returns the text cut to a width, with `…` for what is cut off.
pub(crate) fn truncate(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    Cow::Owned(out)
}

impl Encoder for TableEncoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if self.tables > 0 {
            writeln!(self.out, "\n{}", shown(name))?;
        }
        self.tables += 1;
        self.columns = columns.to_vec();
        self.rows = 0;
        self.chosen = false;
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let columns = std::mem::take(&mut self.columns);
        let values = Values::of_batch(batch, &columns)?;
        self.columns.clone_from(&columns);
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(values.len());
            for values in &values {
                text.clear();
                values.write_shown(row, &mut text);
                cells.push(shown(&text).into_owned());
            }
            self.rows += 1;
            if self.chosen {
                self.line(&cells)?;
            } else {
                self.pending.push(cells);
                if self.pending.len() >= ROWS_LOOKED_AT {
                    self.choose()?;
                }
            }
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        self.choose()?;
        let hidden: Vec<Cow<str>> =
            self.columns.iter().skip(self.widths.len()).map(|column| shown(&column.name)).collect();
        let rows = if self.rows == 1 { "1 row".to_string() } else { format!("{} rows", self.rows) };
        if hidden.is_empty() {
            writeln!(self.out, "{rows}")?;
        } else {
            let noun = if hidden.len() == 1 { "column" } else { "columns" };
            let note = format!("{rows}; {} more {noun}: {}", hidden.len(), hidden.join(", "));
            // A hundred names would push the table off the screen.
            let note = self.width.map_or(note.clone(), |width| truncate(&note, width * 3).into_owned());
            writeln!(self.out, "{note}")?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Statistics) -> Result<(), EncodeError> {
        Ok(self.out.flush()?)
    }
}
