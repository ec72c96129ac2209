//! Whether a JSON value fits a column's type, as the store's normaliser judges it, and never laxer.

use schema::dynamic::raw::{self, Kind};
use schema::{KqlType, number, ticks};

/// Returns whether the value may stand in a column of the type.
pub(crate) fn fits(ktype: KqlType, json: &str) -> bool {
    let kind = raw::kind(json);
    if kind == Kind::Null || matches!(ktype, KqlType::String | KqlType::Dynamic) {
        return true;
    }
    match kind {
        Kind::String => {
            let Some(text) = raw::string(json) else { return false };
            let text = text.trim();
            text.is_empty() || text_fits(ktype, text)
        }
        Kind::Bool => ktype == KqlType::Bool,
        Kind::Number => match ktype {
            KqlType::Bool => matches!(json, "0" | "1"),
            KqlType::Int | KqlType::Long | KqlType::Real | KqlType::Decimal => text_fits(ktype, json),
            _ => false,
        },
        _ => false,
    }
}

fn text_fits(ktype: KqlType, text: &str) -> bool {
    match ktype {
        KqlType::Bool => matches!(text, "0" | "1") || ["true", "false"].iter().any(|t| text.eq_ignore_ascii_case(t)),
        KqlType::Int => whole(text).is_some_and(|n| i32::try_from(n).is_ok()),
        KqlType::Long => whole(text).is_some(),
        KqlType::Real => number::parse_real(text).is_some(),
        KqlType::Decimal => number::parse_decimal(text).is_some(),
        KqlType::Datetime => ticks::parse_datetime(text).is_some(),
        KqlType::Timespan => ticks::parse_timespan(text).is_some(),
        KqlType::Guid => is_guid(text),
        KqlType::String | KqlType::Dynamic => true,
    }
}

/// Reads a whole number, also one that is written as `5.0`.
fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0).then_some(value as i64)
    })
}

/// Returns whether the text is a guid with its dashes.
pub(crate) fn is_guid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Returns what Log Analytics adds to the name of a column whose values have another type than the column.
pub(crate) fn type_suffix(json: &str) -> &'static str {
    match raw::kind(json) {
        Kind::Bool => "_bool",
        Kind::Number if json.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => "_real",
        Kind::Number => "_long",
        Kind::Bag | Kind::Array => "_dynamic",
        Kind::String | Kind::Null => "_string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_as_the_store_takes_them() {
        let cases = [
            (KqlType::Int, "\"5\"", true),
            (KqlType::Int, "\"\"", true),
            (KqlType::Int, "\"value\"", false),
            (KqlType::Int, "3000000000", false),
            (KqlType::Long, "3000000000", true),
            (KqlType::Long, "\"5.0\"", true),
            (KqlType::Long, "5.5", false),
            (KqlType::Bool, "\"True\"", true),
            (KqlType::Bool, "2", false),
            (KqlType::Datetime, "\"7/8/2021, 4:00:30.210 PM\"", true),
            (KqlType::Datetime, "1625760030", false),
            (KqlType::Guid, "\"74be27de-1e4e-49d9-b579-fe0b331d3642\"", true),
            (KqlType::Guid, "\"74be27de\"", false),
            (KqlType::Real, "[1]", false),
            (KqlType::Dynamic, "[1]", true),
            (KqlType::String, "{}", true),
            (KqlType::Real, "null", true),
        ];
        for (ktype, json, fitting) in cases {
            assert_eq!(fits(ktype, json), fitting, "{json} as {ktype}");
        }
    }
}
