use schema::dynamic::raw;
use schema::{dynamic, number, ticks};
use std::fmt::Write as _;

/// One number of a series. Whole numbers stay whole through sums and products, as in Kusto.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    Long(i64),
    Real(f64),
}

impl Number {
    /// Returns the number as a real.
    pub fn real(self) -> f64 {
        match self {
            Number::Long(value) => value as f64,
            Number::Real(value) => value,
        }
    }

    /// Reads one element of a JSON array; `None` when it is no number.
    ///
    /// A datetime or timespan, which a dynamic value holds as text, counts as its ticks: the reference turns an array
    /// of datetimes into numbers with `series_add(TimeStamp, 0)` ("series_fit_poly()", example 3).
    pub fn read(item: &str) -> Option<Number> {
        match item.as_bytes().first()? {
            b'"' => Number::read_text(item.get(1..item.len().checked_sub(1)?)?),
            b'-' | b'0'..=b'9' => {
                if !item.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'))
                    && let Ok(value) = item.parse()
                {
                    return Some(Number::Long(value));
                }
                item.parse().ok().map(Number::Real)
            }
            _ => None,
        }
    }

    fn read_text(text: &str) -> Option<Number> {
        if matches!(text, "NaN" | "Infinity" | "-Infinity") {
            return number::parse_real(text).map(Number::Real);
        }
        let bytes = text.as_bytes();
        if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' {
            return ticks::parse_datetime(text).map(Number::Long);
        }
        let is_timespan = bytes.contains(&b':') && bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b':' | b'.' | b'-'));
        if is_timespan { ticks::parse_timespan(text).map(Number::Long) } else { None }
    }
}

/// Reads the elements of a JSON array; `None` when the text is no array.
pub fn elements(json: &str) -> Option<Vec<Option<Number>>> {
    (raw::kind(json) == raw::Kind::Array).then(|| raw::items(json).map(Number::read).collect())
}

/// Reads the elements of a JSON array as reals; `None` when the text is no array.
pub fn reals(json: &str) -> Option<Vec<Option<f64>>> {
    (raw::kind(json) == raw::Kind::Array)
        .then(|| raw::items(json).map(|item| Number::read(item).map(Number::real)).collect())
}

/// Appends a real to JSON text. NaN and the infinities become strings, as everywhere in dynamic values.
pub fn push_real(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if value == 0.0 {
        out.push_str("0.0");
    } else if (1e-5..1e15).contains(&magnitude) {
        let start = out.len();
        // Writing to a String cannot fail.
        let _ = write!(out, "{value}");
        if !out.as_bytes()[start..].contains(&b'.') {
            out.push_str(".0");
        }
    } else if value.is_finite() {
        out.push_str(&dynamic::json_real(value));
    } else {
        dynamic::write_json_string(out, &number::real_output_text(value));
    }
}

/// JSON text of an array, written an element at a time.
pub struct JsonArray {
    text: String,
}

impl Default for JsonArray {
    fn default() -> JsonArray {
        JsonArray::with_capacity(0)
    }
}

impl JsonArray {
    /// Makes an empty array with room for `bytes` of text.
    pub fn with_capacity(bytes: usize) -> JsonArray {
        let mut text = String::with_capacity(bytes + 2);
        text.push('[');
        JsonArray { text }
    }

    /// Returns the text of an array of reals; `None` becomes null.
    pub fn of_reals(values: impl Iterator<Item = Option<f64>>) -> String {
        let mut array = JsonArray::with_capacity(values.size_hint().0 * 8);
        values.for_each(|value| array.real(value));
        array.finish()
    }

    fn next(&mut self) -> &mut String {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        &mut self.text
    }

    /// Adds an element from its JSON text.
    pub fn raw(&mut self, json: &str) {
        self.next().push_str(json);
    }

    /// Adds a null.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// Adds a truth value.
    pub fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// Adds a real, or a null.
    pub fn real(&mut self, value: Option<f64>) {
        match value {
            Some(value) => push_real(self.next(), value),
            None => self.null(),
        }
    }

    /// Adds a number.
    pub fn number(&mut self, value: Number) {
        match value {
            Number::Real(value) => push_real(self.next(), value),
            Number::Long(value) => {
                // Writing to a String cannot fail.
                let _ = write!(self.next(), "{value}");
            }
        }
    }

    /// Returns the text.
    pub fn finish(mut self) -> String {
        self.text.push(']');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_whole_numbers_and_read_ticks() {
        let json = r#"[1, -2.5, 1e3, null, true, "x", "NaN", "0001-01-02T00:00:00.0000000Z", "00:00:01", 9223372036854775808]"#;
        let read = elements(json).unwrap_or_default();
        assert_eq!(read.len(), 10);
        assert_eq!(
            read[..6],
            [Some(Number::Long(1)), Some(Number::Real(-2.5)), Some(Number::Real(1000.0)), None, None, None]
        );
        assert!(matches!(read[6], Some(Number::Real(value)) if value.is_nan()));
        assert_eq!(
            read[7..],
            [
                Some(Number::Long(ticks::DAY)),
                Some(Number::Long(ticks::SECOND)),
                Some(Number::Real(9223372036854775808.0))
            ]
        );
        assert_eq!(elements("5"), None);
        assert_eq!(elements("{}"), None);
    }

    #[test]
    fn reals_are_written_as_json() {
        let values = [1.0, -0.0, 0.1, 1e20, 1e-7, f64::NAN, f64::INFINITY, 1.0 / 3.0];
        assert_eq!(
            JsonArray::of_reals(values.iter().map(|v| Some(*v)).chain([None])),
            r#"[1.0,0.0,0.1,100000000000000000000.0,1e-7,"NaN","Infinity",0.3333333333333333,null]"#
        );
    }
}
