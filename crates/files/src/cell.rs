//! Cells of text files into Arrow columns of a KQL type.
//!
//! A cell that does not fit its column's type becomes null and is reported to the caller. An empty cell is null (empty in a
//! string column) and fits every type.

use crate::json::scan::{self, Kind, Token};
use arrow::array::{
    ArrayRef, BooleanBuilder, Decimal256Builder, Float64Builder, Int32Builder, Int64Builder, StringViewBuilder,
};
use arrow::error::ArrowError;
use schema::dynamic::{raw, write_json_string};
use schema::{DECIMAL_PRECISION, DECIMAL_SCALE, KqlType, number, ticks};
use std::sync::Arc;

/// Builds one column.
pub(crate) enum ColumnBuilder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Decimal(Decimal256Builder),
    String(StringViewBuilder),
    Datetime(Int64Builder),
    Timespan(Int64Builder),
    Guid(StringViewBuilder),
    Dynamic(StringViewBuilder),
}

/// Where a dynamic column's type comes from, which says what a string cell with JSON inside means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A table's built-in schema: exporters write such a column as text, so text that holds an object or array is that.
    Schema,
    /// The file itself: a string is a string.
    Inferred,
}

impl ColumnBuilder {
    /// Makes a builder with room for some rows.
    pub fn new(ktype: KqlType, rows: usize) -> Result<ColumnBuilder, ArrowError> {
        Ok(match ktype {
            KqlType::Bool => ColumnBuilder::Bool(BooleanBuilder::with_capacity(rows)),
            KqlType::Int => ColumnBuilder::Int(Int32Builder::with_capacity(rows)),
            KqlType::Long => ColumnBuilder::Long(Int64Builder::with_capacity(rows)),
            KqlType::Real => ColumnBuilder::Real(Float64Builder::with_capacity(rows)),
            KqlType::Decimal => {
                let builder = Decimal256Builder::with_capacity(rows);
                ColumnBuilder::Decimal(builder.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE)?)
            }
            KqlType::String => ColumnBuilder::String(StringViewBuilder::with_capacity(rows)),
            KqlType::Datetime => ColumnBuilder::Datetime(Int64Builder::with_capacity(rows)),
            KqlType::Timespan => ColumnBuilder::Timespan(Int64Builder::with_capacity(rows)),
            KqlType::Guid => ColumnBuilder::Guid(StringViewBuilder::with_capacity(rows)),
            KqlType::Dynamic => ColumnBuilder::Dynamic(StringViewBuilder::with_capacity(rows)),
        })
    }

    /// Adds a null; to a string column, the empty string.
    pub fn push_null(&mut self) {
        match self {
            ColumnBuilder::Bool(b) => b.append_null(),
            ColumnBuilder::Int(b) => b.append_null(),
            ColumnBuilder::Long(b) | ColumnBuilder::Datetime(b) | ColumnBuilder::Timespan(b) => b.append_null(),
            ColumnBuilder::Real(b) => b.append_null(),
            ColumnBuilder::Decimal(b) => b.append_null(),
            ColumnBuilder::String(b) => b.append_value(""),
            ColumnBuilder::Guid(b) | ColumnBuilder::Dynamic(b) => b.append_null(),
        }
    }

    /// Adds a JSON value, given as a token of `text`; returns whether it fits.
    #[inline]
    pub fn push_json(&mut self, text: &str, token: Token, origin: Origin) -> bool {
        match token.kind {
            Kind::Missing | Kind::Null => {
                self.push_null();
                true
            }
            Kind::String => match self {
                ColumnBuilder::String(b) => {
                    b.append_value(token.inner(text));
                    true
                }
                ColumnBuilder::Dynamic(b) => {
                    push_dynamic_string(b, token.text(text), token.inner(text), origin);
                    true
                }
                _ => self.push_text(token.inner(text)),
            },
            Kind::Escaped => {
                let whole = token.text(text);
                let unescaped = raw::string(whole).unwrap_or_default();
                if let ColumnBuilder::Dynamic(b) = self {
                    push_dynamic_string(b, whole, &unescaped, origin);
                    return true;
                }
                self.push_text(&unescaped)
            }
            Kind::Nested | Kind::Spaced => {
                let (ColumnBuilder::String(b) | ColumnBuilder::Dynamic(b)) = self else {
                    self.push_null();
                    return false;
                };
                let json = token.text(text);
                if token.kind == Kind::Spaced {
                    b.append_value(scan::compact(json))
                } else {
                    b.append_value(json)
                }
                true
            }
            Kind::True | Kind::False | Kind::Integer | Kind::Fraction | Kind::Special => self.push_plain(text, token),
        }
    }

    /// Adds a JSON number or truth value.
    #[inline]
    fn push_plain(&mut self, text: &str, token: Token) -> bool {
        let json = token.text(text);
        let truth = match token.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        };
        match self {
            ColumnBuilder::String(b) => b.append_value(json),
            ColumnBuilder::Dynamic(b) if token.kind == Kind::Special => b.append_value(format!("\"{json}\"")),
            ColumnBuilder::Dynamic(b) => b.append_value(json),
            ColumnBuilder::Bool(b) => {
                let value = truth.or(match json {
                    "1" => Some(true),
                    "0" => Some(false),
                    _ => None,
                });
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Int(b) => {
                let value = truth.map(i32::from).or_else(|| whole_number(json).and_then(|n| i32::try_from(n).ok()));
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Long(b) => {
                let value = truth.map(i64::from).or_else(|| whole_number(json));
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Real(b) => {
                let value = if truth.is_some() { None } else { number::parse_real(json) };
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Decimal(b) => {
                let value = if truth.is_some() { None } else { number::parse_decimal(json) };
                b.append_option(value);
                return value.is_some();
            }
            // A bare number says no unit and no epoch.
            ColumnBuilder::Datetime(_) | ColumnBuilder::Timespan(_) | ColumnBuilder::Guid(_) => {
                self.push_null();
                return false;
            }
        }
        true
    }

    /// Adds a text cell; returns whether it fits.
    #[inline]
    pub fn push_text(&mut self, cell: &str) -> bool {
        if let ColumnBuilder::String(b) = self {
            b.append_value(cell);
            return true;
        }
        let cell = cell.trim();
        if cell.is_empty() {
            self.push_null();
            return true;
        }
        match self {
            ColumnBuilder::String(b) => b.append_value(cell),
            ColumnBuilder::Dynamic(b) => b.append_value(json_of(cell)),
            ColumnBuilder::Bool(b) => {
                let value = truth(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Int(b) => {
                let value = whole_number(cell).and_then(|n| i32::try_from(n).ok());
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Long(b) => {
                let value = whole_number(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Real(b) => {
                let value = number::parse_real(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Decimal(b) => {
                let value = number::parse_decimal(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Datetime(b) => {
                let value = ticks::parse_datetime(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Timespan(b) => {
                let value = ticks::parse_timespan(cell);
                b.append_option(value);
                return value.is_some();
            }
            ColumnBuilder::Guid(b) => {
                let value = guid(cell);
                let fits = value.is_some();
                b.append_option(value);
                return fits;
            }
        }
        true
    }

    /// Ends the column and starts an empty one.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            ColumnBuilder::Bool(b) => Arc::new(b.finish()),
            ColumnBuilder::Int(b) => Arc::new(b.finish()),
            ColumnBuilder::Long(b) | ColumnBuilder::Datetime(b) | ColumnBuilder::Timespan(b) => Arc::new(b.finish()),
            ColumnBuilder::Real(b) => Arc::new(b.finish()),
            ColumnBuilder::Decimal(b) => Arc::new(b.finish()),
            ColumnBuilder::String(b) | ColumnBuilder::Guid(b) | ColumnBuilder::Dynamic(b) => Arc::new(b.finish()),
        }
    }
}

/// Adds a JSON string to a dynamic column: `whole` is its JSON text, `inner` what it says.
fn push_dynamic_string(b: &mut StringViewBuilder, whole: &str, inner: &str, origin: Origin) {
    if origin == Origin::Inferred {
        return b.append_value(whole);
    }
    let trimmed = inner.trim();
    if trimmed.is_empty() {
        return b.append_null();
    }
    match (trimmed.as_bytes().first(), value_text(trimmed)) {
        (Some(b'{' | b'['), Some(json)) => b.append_value(json),
        _ => b.append_value(whole),
    }
}

/// Returns whether the text is exactly one JSON value, as compact as a dynamic column holds it.
pub(crate) fn is_json(text: &str) -> bool {
    scan::value(text.as_bytes(), 0)
        .is_ok_and(|token| token.end == text.len() && !matches!(token.kind, Kind::Spaced | Kind::Special))
}

/// Returns the compact text of JSON text; `None` when it is not exactly one value.
pub(crate) fn value_text(text: &str) -> Option<String> {
    let token = scan::value(text.as_bytes(), 0).ok().filter(|token| token.end == text.len())?;
    match token.kind {
        Kind::Spaced => Some(scan::compact(text)),
        Kind::Special => None,
        _ => Some(text.to_string()),
    }
}

/// Returns a text cell's value for a dynamic column: the JSON it holds, else the text as a JSON string.
pub(crate) fn json_of(cell: &str) -> String {
    value_text(cell).unwrap_or_else(|| {
        let mut out = String::with_capacity(cell.len() + 2);
        write_json_string(&mut out, cell);
        out
    })
}

/// Reads a truth value: `true`, `false` in any case, `1`, `0`.
pub(crate) fn truth(cell: &str) -> Option<bool> {
    match cell {
        "1" => Some(true),
        "0" => Some(false),
        _ if cell.eq_ignore_ascii_case("true") => Some(true),
        _ if cell.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Reads a whole number; a fraction of zeros (`5.0`) and an exponent that leaves none (`1e3`) are accepted.
pub(crate) fn whole_number(cell: &str) -> Option<i64> {
    if let Ok(value) = cell.parse() {
        return Some(value);
    }
    if let Some(value) = number::parse_long(cell) {
        return Some(value);
    }
    // Up to 2^53 every whole number is exact.
    let value = number::parse_real(cell)?;
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
}

/// Returns a guid's canonical text: lower case with dashes. Accepted are dashes or none, and braces or parentheses around.
pub(crate) fn guid(cell: &str) -> Option<String> {
    let inner = match (cell.as_bytes().first()?, cell.as_bytes().last()?) {
        (b'{', b'}') | (b'(', b')') => cell.get(1..cell.len().checked_sub(1)?)?,
        _ => cell,
    };
    let dashed = inner.len() == 36;
    if !dashed && inner.len() != 32 {
        return None;
    }
    let mut out = String::with_capacity(36);
    let mut digits = 0;
    for byte in inner.bytes() {
        let is_break = matches!(digits, 8 | 12 | 16 | 20) && matches!(out.len(), 8 | 13 | 18 | 23);
        if is_break {
            out.push('-');
            if dashed {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
        }
        if !byte.is_ascii_hexdigit() {
            return None;
        }
        out.push(char::from(byte.to_ascii_lowercase()));
        digits += 1;
    }
    (digits == 32).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::util::display::array_value_to_string;

    fn shown(builder: &mut ColumnBuilder) -> String {
        let array = builder.finish();
        if array.is_null(0) { "null".to_string() } else { array_value_to_string(&array, 0).unwrap() }
    }

    #[test]
    fn json_values_into_typed_columns() {
        use KqlType::*;
        let cases = [
            (String, r#""a""#, true, "a"),
            (String, r#""a\"b""#, true, "a\"b"),
            (String, "1.50", true, "1.50"),
            (String, "true", true, "true"),
            (String, r#"{"a": 1}"#, true, r#"{"a":1}"#),
            (String, "null", true, ""),
            (Bool, "true", true, "true"),
            (Bool, "0", true, "false"),
            (Bool, r#""False""#, true, "false"),
            (Bool, "2", false, "null"),
            (Int, "5", true, "5"),
            (Int, "3000000000", false, "null"),
            (Long, "3000000000", true, "3000000000"),
            (Long, r#""12""#, true, "12"),
            (Long, "5.0", true, "5"),
            (Long, "5.5", false, "null"),
            (Long, "99999999999999999999", false, "null"),
            (Long, "[1]", false, "null"),
            (Long, r#""""#, true, "null"),
            (Real, "1", true, "1.0"),
            (Real, "NaN", true, "NaN"),
            (Real, "true", false, "null"),
            (Datetime, r#""2020-01-01""#, true, "637134336000000000"),
            (Datetime, r#""1/1/2020, 12:00:00.000 AM""#, true, "637134336000000000"),
            (Datetime, "5", false, "null"),
            (Timespan, r#""00:00:01""#, true, "10000000"),
            (Guid, r#""{74BE27DE-1E4E-49D9-B579-FE0B331D3642}""#, true, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
            (Guid, r#""74be27de1e4e49d9b579fe0b331d3642""#, true, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
            (Guid, r#""74be27de1e4e49d9b579fe0b331d364""#, false, "null"),
            (Dynamic, r#"{ "a" : 1.50 }"#, true, r#"{"a":1.50}"#),
            (Dynamic, r#""x""#, true, r#""x""#),
            (Dynamic, r#""[1, 2]""#, true, "[1,2]"),
            (Dynamic, r#""{\"a\":1}""#, true, r#"{"a":1}"#),
            (Dynamic, r#""{broken""#, true, r#""{broken""#),
            (Dynamic, r#""12""#, true, r#""12""#),
            (Dynamic, r#""""#, true, "null"),
            (Dynamic, "NaN", true, "\"NaN\""),
        ];
        for (ktype, json, fits, expected) in cases {
            let mut builder = ColumnBuilder::new(ktype, 1).unwrap();
            let token = scan::value(json.as_bytes(), 0).unwrap();
            assert_eq!(builder.push_json(json, token, Origin::Schema), fits, "{json} as {ktype}");
            assert_eq!(shown(&mut builder), expected, "{json} as {ktype}");
        }
        let mut builder = ColumnBuilder::new(Dynamic, 1).unwrap();
        let json = r#""[1, 2]""#;
        builder.push_json(json, scan::value(json.as_bytes(), 0).unwrap(), Origin::Inferred);
        assert_eq!(shown(&mut builder), json);
    }

    #[test]
    fn text_cells_into_typed_columns() {
        use KqlType::*;
        let cases = [
            (Dynamic, "{\n \"a\": 1 }", true, r#"{"a":1}"#),
            (Dynamic, "plain \"text\"", true, r#""plain \"text\"""#),
            (Dynamic, "", true, "null"),
            (Decimal, "1.10", true, "1.10000000000000000000000000000000000000"),
            (Long, " 7 ", true, "7"),
            (Long, "0x1F", true, "31"),
            (String, " 7 ", true, " 7 "),
            (Real, "abc", false, "null"),
        ];
        for (ktype, cell, fits, expected) in cases {
            let mut builder = ColumnBuilder::new(ktype, 1).unwrap();
            assert_eq!(builder.push_text(cell), fits, "{cell} as {ktype}");
            assert_eq!(shown(&mut builder), expected, "{cell} as {ktype}");
        }
    }
}
