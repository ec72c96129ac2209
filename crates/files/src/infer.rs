//! Which KQL type a file's column has, from the values seen in it.
//!
//! | seen in JSON | type |
//! |---|---|
//! | true, false | bool |
//! | whole numbers that fit 64 bits | long |
//! | numbers with a point or exponent, also among whole ones | real |
//! | strings that are all ISO 8601 dates (`2020-01-31`, with or without time and zone) | datetime |
//! | other strings | string |
//! | arrays and objects; whole numbers past 64 bits; any other mixture | dynamic, each value as it stands in the file |
//!
//! | seen in delimited text | type |
//! |---|---|
//! | `true`, `false` in any case | bool |
//! | whole numbers without leading zeros that fit 64 bits | long |
//! | numbers with a point or a signed exponent, also among whole ones | real |
//! | ISO 8601 dates, or dates as the portal exports them (`1/31/2020, 1:05:00.000 PM`) | datetime |
//! | anything else and any other mixture | string |
//!
//! A column whose header carries a zone (`TimeGenerated [UTC]`) is datetime when every value is a date in any form.
//! Nulls and empty strings say nothing; a column without a value is a string. Guids stay strings: tables of Log Analytics
//! declare their ids so, and `has`, `contains` and `parse` then work on them.

use crate::json::scan::{Kind, Token};
use crate::name::Zone;
use schema::{KqlType, ticks};

/// The kinds of values seen in a column, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen(u16);

impl Seen {
    const BOOL: Seen = Seen(1);
    const LONG: Seen = Seen(1 << 1);
    const REAL: Seen = Seen(1 << 2);
    const DATETIME: Seen = Seen(1 << 3);
    const STRING: Seen = Seen(1 << 4);
    const DYNAMIC: Seen = Seen(1 << 5);
    /// A whole number past 64 bits.
    const BIG: Seen = Seen(1 << 6);
    const INT: Seen = Seen(1 << 7);
    const DECIMAL: Seen = Seen(1 << 8);
    const TIMESPAN: Seen = Seen(1 << 9);
    const GUID: Seen = Seen(1 << 10);
    /// The values are cells of delimited text, which have no types of their own.
    const TEXT: Seen = Seen(1 << 11);

    /// Adds what another part of the column showed.
    pub fn add(&mut self, other: Seen) {
        self.0 |= other.0;
    }

    /// Returns whether no value can change the outcome any more.
    pub fn is_settled_text(self) -> bool {
        self.0 & Seen::TEXT.0 != 0 && self.0 & Seen::STRING.0 != 0
    }

    /// Returns what a typed file declares.
    pub fn declared(ktype: KqlType) -> Seen {
        match ktype {
            KqlType::Bool => Seen::BOOL,
            KqlType::Int => Seen::INT,
            KqlType::Long => Seen::LONG,
            KqlType::Real => Seen::REAL,
            KqlType::Decimal => Seen::DECIMAL,
            KqlType::String => Seen::STRING,
            KqlType::Datetime => Seen::DATETIME,
            KqlType::Timespan => Seen::TIMESPAN,
            KqlType::Guid => Seen::GUID,
            KqlType::Dynamic => Seen::DYNAMIC,
        }
    }

    /// Returns what a JSON value shows.
    pub fn json(text: &str, token: Token, zone: Option<Zone>) -> Seen {
        match token.kind {
            Kind::Missing | Kind::Null => Seen::default(),
            Kind::True | Kind::False => Seen::BOOL,
            Kind::Integer if token.text(text).parse::<i64>().is_ok() => Seen::LONG,
            Kind::Integer => Seen::BIG,
            Kind::Fraction | Kind::Special => Seen::REAL,
            Kind::Nested | Kind::Spaced => Seen::DYNAMIC,
            Kind::Escaped => Seen::STRING,
            Kind::String => {
                let inner = token.inner(text);
                match inner {
                    "" => Seen::default(),
                    _ if is_date(inner, zone) => Seen::DATETIME,
                    _ => Seen::STRING,
                }
            }
        }
    }

    /// Returns what a cell of delimited text shows.
    pub fn text(cell: &str, zone: Option<Zone>) -> Seen {
        let cell = cell.trim();
        let mut seen = Seen::TEXT;
        let Some(first) = cell.bytes().next() else { return seen };
        seen.add(match first {
            _ if is_date(cell, zone) => Seen::DATETIME,
            b'-' | b'0'..=b'9' => number(cell),
            b'N' | b'I' if matches!(cell, "NaN" | "Infinity") => Seen::REAL,
            b't' | b'T' | b'f' | b'F' if cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false") => {
                Seen::BOOL
            }
            _ => Seen::STRING,
        });
        seen
    }

    /// Returns the type that holds all values seen.
    pub fn ktype(self) -> KqlType {
        let is_text = self.0 & Seen::TEXT.0 != 0;
        let kinds = self.0 & !Seen::TEXT.0;
        let only = |allowed: &[Seen]| kinds & !allowed.iter().fold(0, |all, seen| all | seen.0) == 0;
        match () {
            () if kinds == 0 => KqlType::String,
            () if only(&[Seen::BOOL]) => KqlType::Bool,
            () if only(&[Seen::INT]) => KqlType::Int,
            () if only(&[Seen::INT, Seen::LONG]) => KqlType::Long,
            () if only(&[Seen::INT, Seen::LONG, Seen::REAL]) => KqlType::Real,
            () if only(&[Seen::INT, Seen::LONG, Seen::DECIMAL]) => KqlType::Decimal,
            () if only(&[Seen::DATETIME]) => KqlType::Datetime,
            () if only(&[Seen::TIMESPAN]) => KqlType::Timespan,
            () if only(&[Seen::GUID]) => KqlType::Guid,
            () if only(&[Seen::STRING, Seen::DATETIME, Seen::GUID, Seen::TIMESPAN]) => KqlType::String,
            () if is_text => KqlType::String,
            () => KqlType::Dynamic,
        }
    }
}

/// Tells a number of delimited text by its spelling. What loses digits or zeros as a number is no number.
fn number(cell: &str) -> Seen {
    if cell == "-Infinity" {
        return Seen::REAL;
    }
    let token = crate::json::scan::value(cell.as_bytes(), 0).ok().filter(|token| token.end == cell.len());
    match token.map(|token| token.kind) {
        Some(Kind::Integer) if cell.parse::<i64>().is_ok() => Seen::LONG,
        // `12e4` is as likely a part of a hash as a number.
        Some(Kind::Fraction) if cell.contains(['.', '+']) || cell.contains("e-") || cell.contains("E-") => Seen::REAL,
        _ => Seen::STRING,
    }
}

/// Returns whether a text is a date: in ISO 8601 or as the portal exports it, and under a header with a zone in any form.
fn is_date(text: &str, zone: Option<Zone>) -> bool {
    let bytes = text.as_bytes();
    let is_iso = bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
        && matches!(bytes.get(10), None | Some(b'T' | b't' | b' '))
        && (bytes.len() == 10 || bytes.get(13) == Some(&b':'));
    let is_portal = || bytes.ends_with(b"M") && text.contains('/') && text.contains(", ") && text.contains(':');
    (is_iso || zone.is_some() || is_portal()) && ticks::parse_datetime(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan;

    #[test]
    fn types_of_json_columns() {
        use KqlType::*;
        let cases: [(&[&str], KqlType); 19] = [
            (&["null"], String),
            (&[r#""""#], String),
            (&["true", "null"], Bool),
            (&["1", "-5", r#""""#], Long),
            (&["1", "1.5", "NaN"], Real),
            (&["18446744073709551615", "1"], Dynamic),
            (&[r#""2020-01-31""#, r#""2020-01-31T10:00:00.1234567Z""#], Datetime),
            (&[r#""2020-01-31 10:00:00+02:00""#], Datetime),
            (&[r#""2020-01-31""#, r#""soon""#], String),
            (&[r#""2020""#], String),
            (&[r#""2020-01-31T""#], String),
            (&[r#""2020-13-31""#], String),
            (&[r#""1/31/2020""#], String),
            (&[r#""1/31/2020, 1:05:00.000 PM""#], Datetime),
            (&["1", r#""x""#], Dynamic),
            (&["1", "true"], Dynamic),
            (&["[1]", "null"], Dynamic),
            (&["{}", r#""x""#], Dynamic),
            (&[r#""74be27de-1e4e-49d9-b579-fe0b331d3642""#], String),
        ];
        for (values, ktype) in cases {
            let mut seen = Seen::default();
            for value in values {
                seen.add(Seen::json(value, scan::value(value.as_bytes(), 0).unwrap(), None));
            }
            assert_eq!(seen.ktype(), ktype, "{values:?}");
        }
    }

    #[test]
    fn types_of_text_columns() {
        use KqlType::*;
        let cases: [(&[&str], KqlType); 18] = [
            (&["", " "], String),
            (&["true", "FALSE", ""], Bool),
            (&["0", "1"], Long),
            (&["007"], String),
            (&["+1"], String),
            (&["12e4"], String),
            (&["1E+30", "1", "-0.5"], Real),
            (&["NaN", "1"], Real),
            (&["18446744073709551615"], String),
            (&["1", "x"], String),
            (&["1", "true"], String),
            (&["2020-01-31", "2020-01-31T10:00Z"], Datetime),
            (&["1/31/2020, 1:05:00.000 PM"], Datetime),
            (&["1/31/2020"], String),
            (&["2020-01-31", "1"], String),
            (&["10.1.2.3"], String),
            (&["{\"a\":1}"], String),
            (&["01:02:03"], String),
        ];
        for (values, ktype) in cases {
            let mut seen = Seen::default();
            values.iter().for_each(|value| seen.add(Seen::text(value, None)));
            assert_eq!(seen.ktype(), ktype, "{values:?}");
        }
        assert_eq!(Seen::text("1/31/2020", Some(Zone::Utc)).ktype(), Datetime);
        let mut mixed = Seen::declared(Int);
        mixed.add(Seen::declared(Long));
        assert_eq!(mixed.ktype(), Long);
    }
}
