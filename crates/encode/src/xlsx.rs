//! Excel workbooks: a sheet a table, a header that stays, typed cells.
//!
//! | KQL | cell |
//! |---|---|
//! | bool | truth value |
//! | int, real; long and decimal of at most 15 digits | number (longer ones are text: Excel would round them) |
//! | datetime from 1900-03-01 | date, shown to the millisecond; earlier ones are text |
//! | timespan that is not negative | duration, shown to the millisecond; negative ones are text |
//! | string, guid, dynamic, NaN and infinities | text |

use crate::value::Values;
use crate::{EncodeError, Encoder, Statistics};
use arrow::array::RecordBatch;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use schema::{Column, KqlType, number, ticks};
use std::collections::HashSet;
use std::io::Write;

const ROWS_MAX: u32 = 1_048_576;
const COLUMNS_MAX: u16 = 16_384;
const CELL_CHARS_MAX: usize = 32_767;
/// Digits that Excel keeps of a number.
const DIGITS_MAX: usize = 15;
/// Excel counts days from here, 1900-03-01 being day 61 of its calendar, which has a 29 February 1900.
const DAY_ZERO: i64 = 693_593 * ticks::DAY;
const FIRST_DAY: i64 = DAY_ZERO + 61 * ticks::DAY;
/// Characters that the name of a sheet may have.
const SHEET_NAME_MAX: usize = 31;

/// Writes a workbook; it is held in memory until the end.
pub(crate) struct XlsxEncoder<'a> {
    out: Box<dyn Write + Send + 'a>,
    workbook: Workbook,
    columns: Vec<Column>,
    names: HashSet<String>,
    /// The next row of the sheet.
    row: u32,
    formats: Formats,
}

struct Formats {
    header: Format,
    datetime: Format,
    timespan: Format,
}

impl<'a> XlsxEncoder<'a> {
    pub fn new(out: Box<dyn Write + Send + 'a>) -> XlsxEncoder<'a> {
        let formats = Formats {
            header: Format::new().set_bold(),
            datetime: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            timespan: Format::new().set_num_format("[hh]:mm:ss.000"),
        };
        XlsxEncoder { out, workbook: Workbook::new(), columns: Vec::new(), names: HashSet::new(), row: 0, formats }
    }

    /// Returns a name that Excel takes for a sheet and no other sheet has.
    fn sheet_name(&mut self, name: &str) -> String {
        let clean: String =
            name.chars().map(|c| if "[]:*?/\\".contains(c) || c.is_control() { '_' } else { c }).collect();
        let clean = clean.trim_matches('\'');
        let clean = if clean.is_empty() { "Table" } else { clean };
        let mut n = 1;
        loop {
            let suffix = if n == 1 { String::new() } else { format!(" {n}") };
            let room = SHEET_NAME_MAX - suffix.len();
            let candidate: String = clean.chars().take(room).chain(suffix.chars()).collect();
            if self.names.insert(candidate.to_lowercase()) {
                return candidate;
            }
            n += 1;
        }
    }
}

impl Encoder for XlsxEncoder<'_> {
    fn begin_table(&mut self, name: &str, columns: &[Column]) -> Result<(), EncodeError> {
        if columns.len() > usize::from(COLUMNS_MAX) {
            return Err(EncodeError::SheetLimit { what: "columns", max: u64::from(COLUMNS_MAX) });
        }
        let name = self.sheet_name(name);
        self.columns = columns.to_vec();
        self.row = 1;
        let sheet = self.workbook.add_worksheet();
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (i, column) in (0..COLUMNS_MAX).zip(columns) {
            sheet.write_string_with_format(0, i, &column.name, &self.formats.header)?;
            let width = match column.ktype {
                KqlType::Datetime => 23,
                KqlType::Guid => 36,
                KqlType::String | KqlType::Dynamic => 30,
                _ => 12,
            };
            sheet.set_column_width(i, width.max(column.name.chars().count().min(60) as u32 + 2))?;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
        if rows > ROWS_MAX - self.row {
            return Err(EncodeError::SheetLimit { what: "rows", max: u64::from(ROWS_MAX - 1) });
        }
        let values = Values::of_batch(batch, &self.columns)?;
        let n_sheets = self.workbook.worksheets().len();
        let sheet = self.workbook.worksheet_from_index(n_sheets.saturating_sub(1))?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for ((i, values), column) in (0..COLUMNS_MAX).zip(&values).zip(&self.columns) {
                if !values.is_null(row) {
                    write_cell(sheet, self.row, i, values, row, &self.formats, &mut text, column)?;
                }
            }
            self.row += 1;
        }
        Ok(())
    }

    fn end_table(&mut self) -> Result<(), EncodeError> {
        Ok(())
    }

    fn finish(&mut self, _: &Statistics) -> Result<(), EncodeError> {
        if self.names.is_empty() {
            self.workbook.add_worksheet();
        }
        let bytes = self.workbook.save_to_buffer()?;
        self.out.write_all(&bytes)?;
        Ok(self.out.flush()?)
    }
}

#[expect(clippy::too_many_arguments, reason = "a cell has a place, a value and a look")]
fn write_cell(
    sheet: &mut Worksheet,
    at_row: u32,
    at_column: u16,
    values: &Values,
    row: usize,
    formats: &Formats,
    text: &mut String,
    column: &Column,
) -> Result<(), EncodeError> {
    match values {
        Values::Bool(a) => return Ok(sheet.write_boolean(at_row, at_column, a.value(row)).map(drop)?),
        Values::Int(a) => return Ok(sheet.write_number(at_row, at_column, a.value(row)).map(drop)?),
        Values::Long(a) if a.value(row).unsigned_abs() < 10u64.pow(DIGITS_MAX as u32) => {
            return Ok(sheet.write_number(at_row, at_column, a.value(row) as f64).map(drop)?);
        }
        Values::Real(a) if a.value(row).is_finite() => {
            return Ok(sheet.write_number(at_row, at_column, a.value(row)).map(drop)?);
        }
        Values::Decimal(a) => {
            let digits = number::decimal_text(a.value(row));
            if digits.chars().filter(char::is_ascii_digit).count() <= DIGITS_MAX
                && let Ok(value) = digits.parse::<f64>()
            {
                return Ok(sheet.write_number(at_row, at_column, value).map(drop)?);
            }
        }
        Values::Datetime(a) if a.value(row) >= FIRST_DAY => {
            let days = (a.value(row) - DAY_ZERO) as f64 / ticks::DAY as f64;
            return Ok(sheet.write_number_with_format(at_row, at_column, days, &formats.datetime).map(drop)?);
        }
        Values::Timespan(a) if a.value(row) >= 0 => {
            let days = a.value(row) as f64 / ticks::DAY as f64;
            return Ok(sheet.write_number_with_format(at_row, at_column, days, &formats.timespan).map(drop)?);
        }
        _ => {}
    }
    text.clear();
    values.write_shown(row, text);
    let found = text.encode_utf16().count();
    if found > CELL_CHARS_MAX {
        let row = u64::from(at_row);
        return Err(EncodeError::CellLimit { max: CELL_CHARS_MAX, row, column: column.name.clone(), found });
    }
    sheet.write_string(at_row, at_column, text.as_str())?;
    Ok(())
}
