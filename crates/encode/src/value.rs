//! The values of a batch as text and as JSON.

use crate::EncodeError;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal256Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringViewArray,
};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type};
use schema::dynamic::{json_real, raw, write_json_string};
use schema::{Column, KqlType, number, ticks};
use std::fmt::Write as _;

/// A column's values in their KQL type.
#[derive(Debug)]
pub(crate) enum Values<'a> {
    Bool(&'a BooleanArray),
    Int(&'a Int32Array),
    Long(&'a Int64Array),
    Real(&'a Float64Array),
    Decimal(&'a Decimal256Array),
    String(&'a StringViewArray),
    Datetime(&'a Int64Array),
    Timespan(&'a Int64Array),
    Guid(&'a StringViewArray),
    Dynamic(&'a StringViewArray),
}

impl<'a> Values<'a> {
    /// Takes an array as a column's values.
    pub fn new(array: &'a ArrayRef, column: &Column) -> Result<Values<'a>, EncodeError> {
        let values = match column.ktype {
            KqlType::Bool => array.as_boolean_opt().map(Values::Bool),
            KqlType::Int => array.as_primitive_opt::<Int32Type>().map(Values::Int),
            KqlType::Long => array.as_primitive_opt::<Int64Type>().map(Values::Long),
            KqlType::Real => array.as_primitive_opt::<Float64Type>().map(Values::Real),
            KqlType::Decimal => array.as_primitive_opt::<Decimal256Type>().map(Values::Decimal),
            KqlType::String => array.as_string_view_opt().map(Values::String),
            KqlType::Datetime => array.as_primitive_opt::<Int64Type>().map(Values::Datetime),
            KqlType::Timespan => array.as_primitive_opt::<Int64Type>().map(Values::Timespan),
            KqlType::Guid => array.as_string_view_opt().map(Values::Guid),
            KqlType::Dynamic => array.as_string_view_opt().map(Values::Dynamic),
        };
        values.ok_or_else(|| EncodeError::Batch { column: column.name.clone(), ktype: column.ktype })
    }

    /// Takes a batch apart.
    pub fn of_batch(batch: &'a RecordBatch, columns: &[Column]) -> Result<Vec<Values<'a>>, EncodeError> {
        let missing = columns.get(batch.num_columns());
        if let Some(column) = missing {
            return Err(EncodeError::Batch { column: column.name.clone(), ktype: column.ktype });
        }
        batch.columns().iter().zip(columns).map(|(array, column)| Values::new(array, column)).collect()
    }

    /// Returns whether the value is null; a string never is.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Values::Bool(a) => a.is_null(row),
            Values::Int(a) => a.is_null(row),
            Values::Long(a) | Values::Datetime(a) | Values::Timespan(a) => a.is_null(row),
            Values::Real(a) => a.is_null(row),
            Values::Decimal(a) => a.is_null(row),
            Values::String(_) => false,
            Values::Guid(a) | Values::Dynamic(a) => a.is_null(row),
        }
    }

    /// Appends the value's text: empty for null, `true`, `1.5`, `2020-01-01T00:00:00.0000000Z`, a dynamic as JSON.
    pub fn write_text(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            return;
        }
        match self {
            Values::Bool(a) => out.push_str(if a.value(row) { "true" } else { "false" }),
            Values::Int(a) => push_display(out, a.value(row)),
            Values::Long(a) => push_display(out, a.value(row)),
            Values::Real(a) => out.push_str(&number::real_output_text(a.value(row))),
            Values::Decimal(a) => out.push_str(&number::decimal_text(a.value(row))),
            Values::Datetime(a) => ticks::write_datetime(out, a.value(row)),
            Values::Timespan(a) => out.push_str(&ticks::timespan_text(a.value(row))),
            Values::String(a) if a.is_null(row) => {}
            Values::String(a) | Values::Guid(a) | Values::Dynamic(a) => out.push_str(a.value(row)),
        }
    }

    /// Appends the value's text for people: as [`Values::write_text`], but a dynamic that is a string without its quotes.
    pub fn write_shown(&self, row: usize, out: &mut String) {
        match self {
            Values::Dynamic(a) if !a.is_null(row) => match raw::string(a.value(row)) {
                Some(text) => out.push_str(&text),
                None => out.push_str(a.value(row)),
            },
            _ => self.write_text(row, out),
        }
    }

    /// Appends the value as Kusto writes it in JSON: `null`, numbers bare but for decimals and what is not finite, a
    /// dynamic as the JSON it is, all else as a string.
    pub fn write_json(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            out.push_str("null");
            return;
        }
        match self {
            Values::Bool(_) | Values::Int(_) | Values::Long(_) | Values::Dynamic(_) => self.write_text(row, out),
            Values::Real(a) if a.value(row).is_finite() => out.push_str(&json_real(a.value(row))),
            Values::String(a) if a.is_null(row) => out.push_str("\"\""),
            Values::String(a) => write_json_string(out, a.value(row)),
            Values::Real(_) | Values::Decimal(_) | Values::Datetime(_) | Values::Timespan(_) | Values::Guid(_) => {
                out.push('"');
                self.write_text(row, out);
                out.push('"');
            }
        }
    }

    /// Appends a row as a JSON array.
    pub fn write_json_row(columns: &[Values], row: usize, out: &mut String) {
        out.push('[');
        for (i, values) in columns.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            values.write_json(row, out);
        }
        out.push(']');
    }

    /// Returns a number's value for charts; of a datetime and a timespan, its ticks.
    pub fn real(&self, row: usize) -> Option<f64> {
        if self.is_null(row) {
            return None;
        }
        match self {
            Values::Bool(a) => Some(f64::from(u8::from(a.value(row)))),
            Values::Int(a) => Some(f64::from(a.value(row))),
            Values::Long(a) | Values::Datetime(a) | Values::Timespan(a) => Some(a.value(row) as f64),
            Values::Real(a) => Some(a.value(row)),
            Values::Decimal(a) => number::decimal_text(a.value(row)).parse().ok(),
            Values::String(_) | Values::Guid(_) | Values::Dynamic(_) => None,
        }
    }
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String does not fail.
    let _ = write!(out, "{value}");
}
