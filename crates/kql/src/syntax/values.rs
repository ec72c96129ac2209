//! The values of literals.
//!
//! # Source
//! Kusto reference, "Scalar data types" and its page for each type.

use schema::{KqlType, Value, number, ticks};

/// What is wrong with a string literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringFault {
    /// The closing quote is missing.
    Open(&'static str),
    /// The bytes at this offset of the token are no escape that KQL knows.
    Escape(usize),
}

/// Returns the text of a string literal (with its quotes and prefix), and what is wrong with it.
pub fn string(token: &str) -> (String, Option<StringFault>) {
    let body = token.strip_prefix(['h', 'H']).unwrap_or(token);
    let (verbatim, body) = body.strip_prefix('@').map_or((false, body), |body| (true, body));
    for fence in ["```", "~~~"] {
        if let Some(inside) = body.strip_prefix(fence) {
            return match inside.strip_suffix(fence) {
                Some(inside) => (inside.to_string(), None),
                None => (inside.to_string(), Some(StringFault::Open(fence))),
            };
        }
    }
    let (quote, doubled, one) = if body.starts_with('"') { ("\"", "\"\"", '"') } else { ("'", "''", '\'') };
    let inside = body.strip_prefix(one).unwrap_or(body);
    if verbatim {
        // Quotes inside come in pairs, so that an odd number of them at the end closes the string.
        let quotes = inside.bytes().rev().take_while(|byte| *byte == quote.as_bytes()[0]).count();
        let closed = quotes % 2 == 1;
        let inside = if closed { inside.get(..inside.len() - 1).unwrap_or(inside) } else { inside };
        return (inside.replace(doubled, quote), (!closed).then_some(StringFault::Open(quote)));
    }
    unescape(inside, one, quote, token.len() - inside.len())
}

/// Undoes the escapes up to the closing quote. `offset` is the place of `inside` in its token.
fn unescape(inside: &str, quote: char, quote_text: &'static str, offset: usize) -> (String, Option<StringFault>) {
    let mut out = String::with_capacity(inside.len());
    let mut fault = None;
    let mut chars = inside.char_indices();
    let mut high: Option<u32> = None;
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return (out, fault);
        }
        if c != '\\' {
            high = None;
            out.push(c);
            continue;
        }
        let rest = inside.get(at + 1..).unwrap_or("");
        let Some((code, used)) = escape(rest) else {
            fault.get_or_insert(StringFault::Escape(offset + at));
            out.push('\\');
            continue;
        };
        for _ in rest.get(..used).unwrap_or("").chars() {
            chars.next();
        }
        // A character outside the basic plane may be written as two escapes of UTF-16.
        match (high.take(), code) {
            (_, 0xD800..0xDC00) => high = Some(code),
            (Some(first), 0xDC00..0xE000) => {
                let code = 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00);
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
    (out, Some(StringFault::Open(quote_text)))
}

/// Reads what follows a backslash: the character's code and the bytes used.
fn escape(rest: &str) -> Option<(u32, usize)> {
    let first = *rest.as_bytes().first()?;
    let hex = |digits: usize| {
        let text = rest.get(1..1 + digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        Some((u32::from_str_radix(text, 16).ok()?, 1 + digits))
    };
    let code = match first {
        b'\\' | b'\'' | b'"' => u32::from(first),
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        b'u' => return hex(4),
        b'U' => return hex(8),
        b'x' => return hex(2),
        b'0'..=b'7' => {
            let most = if first <= b'3' { 3 } else { 2 };
            let digits = rest.bytes().take(most).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            return Some((u32::from_str_radix(rest.get(..digits)?, 8).ok()?, digits));
        }
        _ => return None,
    };
    Some((code, 1))
}

/// Returns the value of `12` or `0x1F`, `None` when it is past the range of long.
pub fn long(token: &str) -> Option<Value> {
    number::parse_long(token).map(Value::Long)
}

/// Returns the value of `1.5`, `1.`, `1e3`.
pub fn real(token: &str) -> Option<Value> {
    number::parse_real(token).map(Value::Real)
}

/// Returns the value of `1d`, `2.5h`.
pub fn timespan(token: &str) -> Option<Value> {
    ticks::parse_units(token).map(Value::Timespan)
}

/// Returns the value of `type(inside)`. `None` when the text is no value of the type.
pub fn typed(ktype: KqlType, inside: &str) -> Option<Value> {
    let text = inside.trim();
    let text = unquoted(text).unwrap_or(text);
    if text.is_empty() || text == "null" {
        return Some(Value::Null(ktype));
    }
    match ktype {
        KqlType::Bool => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            number => number::parse_long(number).map(|value| Value::Bool(value != 0)),
        },
        KqlType::Int => number::parse_long(text).and_then(|value| i32::try_from(value).ok()).map(Value::Int),
        KqlType::Long => number::parse_long(text).map(Value::Long),
        KqlType::Real => number::parse_real(text).map(Value::Real),
        KqlType::Decimal => number::parse_decimal(text).map(Value::Decimal),
        // A literal, unlike a text to convert, may have blanks around its dashes.
        KqlType::Datetime => ticks::parse_datetime(text)
            .or_else(|| ticks::parse_datetime(&text.replace(" - ", "-")))
            .map(Value::Datetime),
        KqlType::Timespan => ticks::parse_timespan(text).map(Value::Timespan),
        KqlType::Guid => guid(text).map(Value::Guid),
        KqlType::String | KqlType::Dynamic => None,
    }
}

/// Returns the text between quotes, which KQL takes inside some literals: `timespan("1d")`.
fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// Returns a guid in its canonical text. Dashes may be missing; braces or parentheses may be around it.
fn guid(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .or_else(|| text.strip_prefix('(').and_then(|text| text.strip_suffix(')')))
        .unwrap_or(text);
    let groups: Vec<usize> = inner.split('-').map(str::len).collect();
    if groups != [32] && groups != [8, 4, 4, 4, 12] {
        return None;
    }
    let hex: String = inner.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| hex.get(from..to);
    Some(format!("{}-{}-{}-{}-{}", part(0, 8)?, part(8, 12)?, part(12, 16)?, part(16, 20)?, part(20, 32)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let cases = [
            (r#"'a'"#, "a"),
            (r#""it's""#, "it's"),
            (r#"'a\tb\\c\'d\"e'"#, "a\tb\\c'd\"e"),
            (r#"'\u00e9\x41\101\0'"#, "éAA\0"),
            (r#"'\ud83d\ude00'"#, "😀"),
            (r#"'\U0001F600'"#, "😀"),
            (r#"@'a\b''c'"#, "a\\b'c"),
            (r#"@"""""#, "\""),
            (r#"@"""#, ""),
            (r#"h'x'"#, "x"),
            (r#"H@"y""#, "y"),
            ("```a\n'b\\n```", "a\n'b\\n"),
            ("~~~x~~~", "x"),
            ("''", ""),
        ];
        for (token, expected) in cases {
            assert_eq!(string(token), (expected.to_string(), None), "{token}");
        }
        let faults = [
            ("'a", StringFault::Open("'")),
            ("@\"a\"\"", StringFault::Open("\"")),
            ("```a", StringFault::Open("```")),
            ("'ab\\d'", StringFault::Escape(3)),
            ("h'\\q'", StringFault::Escape(2)),
            ("'\\u00'", StringFault::Escape(1)),
        ];
        for (token, expected) in faults {
            assert_eq!(string(token).1, Some(expected), "{token}");
        }
    }

    #[test]
    fn typed_values() {
        let guid = Value::Guid("74be27de-1e4e-49d9-b579-fe0b331d3642".into());
        let cases = [
            (KqlType::Bool, "true", Some(Value::Bool(true))),
            (KqlType::Bool, "0", Some(Value::Bool(false))),
            (KqlType::Int, " -5 ", Some(Value::Int(-5))),
            (KqlType::Int, "3000000000", None),
            (KqlType::Long, "0xFF", Some(Value::Long(255))),
            (KqlType::Long, "-9223372036854775808", Some(Value::Long(i64::MIN))),
            (KqlType::Long, "null", Some(Value::Null(KqlType::Long))),
            (KqlType::Real, "-inf", Some(Value::Real(f64::NEG_INFINITY))),
            (KqlType::Datetime, "null", Some(Value::Null(KqlType::Datetime))),
            (KqlType::Datetime, "1970-01-01", Some(Value::Datetime(ticks::UNIX_EPOCH))),
            (KqlType::Datetime, "1970 - 01 - 01", Some(Value::Datetime(ticks::UNIX_EPOCH))),
            (KqlType::Datetime, "soon", None),
            (KqlType::Timespan, "1", Some(Value::Timespan(ticks::DAY))),
            (KqlType::Timespan, "'1.00:00:01'", Some(Value::Timespan(ticks::DAY + ticks::SECOND))),
            (KqlType::Guid, "74BE27DE1E4E49D9B579FE0B331D3642", Some(guid.clone())),
            (KqlType::Guid, "{74be27de-1e4e-49d9-b579-fe0b331d3642}", Some(guid)),
            (KqlType::Guid, "74be27de", None),
        ];
        for (ktype, inside, expected) in cases {
            assert_eq!(typed(ktype, inside), expected, "{ktype}({inside})");
        }
    }
}
