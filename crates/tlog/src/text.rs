//! Reading texts of which there is exactly one form per meaning.
//!
//! Evidence that can be written in two ways can be changed without being noticed. Every reader here refuses what the writer
//! would not have written: leading zeroes, upper-case digits, other line ends, missing and superfluous lines.

use crate::error::TextError;
use crate::hash::Hash;

/// The longest name of a table, a file or a policy, in bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Reads a text line by line.
pub(crate) struct Lines<'a> {
    what: &'static str,
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    /// Starts reading bytes that are to be UTF-8 and, if not empty, to end with a line feed.
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Result<Lines<'a>, TextError> {
        let lines = Lines { what, rest: "", line: 0 };
        let Ok(rest) = std::str::from_utf8(bytes) else { return Err(lines.error("not UTF-8")) };
        if !rest.is_empty() && !rest.ends_with('\n') {
            return Err(lines.error("the last line has no end"));
        }
        Ok(Lines { rest, ..lines })
    }

    /// Makes an error about the line that was read last.
    pub(crate) fn error(&self, why: impl Into<String>) -> TextError {
        TextError { what: self.what, line: self.line, why: why.into() }
    }

    /// Returns the next line without its end, or `None` after the last one.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        self.line += 1;
        Some(line)
    }

    /// Returns the next line if it begins with a key and a space, without these.
    pub(crate) fn next_if(&mut self, key: &str) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        let value = line.strip_prefix(key)?.strip_prefix(' ')?;
        self.rest = rest;
        self.line += 1;
        Some(value)
    }

    /// Returns everything that has not been read.
    pub(crate) fn rest(self) -> &'a str {
        self.rest
    }

    /// Reads a line that is known beforehand.
    pub(crate) fn expect(&mut self, expected: &str) -> Result<(), TextError> {
        if self.next() == Some(expected) { Ok(()) } else { Err(self.error(format!("`{expected}` expected"))) }
    }

    /// Reads a line of a key and its value.
    pub(crate) fn field(&mut self, key: &str) -> Result<&'a str, TextError> {
        self.next_if(key).ok_or_else(|| {
            let line = self.line + 1;
            TextError { what: self.what, line, why: format!("`{key}` expected") }
        })
    }

    /// Reads a line of a key and a whole number.
    pub(crate) fn number(&mut self, key: &str) -> Result<u64, TextError> {
        let text = self.field(key)?;
        self.as_number(text)
    }

    /// Reads a line of a key and a hash in hexadecimal digits.
    pub(crate) fn hash(&mut self, key: &str) -> Result<Hash, TextError> {
        let text = self.field(key)?;
        self.as_hash(text)
    }

    /// Reads a line of a key and a name.
    pub(crate) fn name(&mut self, key: &str) -> Result<String, TextError> {
        let text = self.field(key)?;
        self.as_name(text)
    }

    /// Reads a line of a key and a time.
    pub(crate) fn time(&mut self, key: &str) -> Result<i64, TextError> {
        let text = self.field(key)?;
        crate::time::parse_ticks(text).ok_or_else(|| self.error("not a time of the form 2026-01-02T03:04:05.0000000Z"))
    }

    /// Makes sure that nothing is left.
    pub(crate) fn end(mut self) -> Result<(), TextError> {
        match self.next() {
            None => Ok(()),
            Some(_) => Err(self.error("the text should end here")),
        }
    }

    pub(crate) fn as_number(&self, text: &str) -> Result<u64, TextError> {
        number(text).ok_or_else(|| self.error(format!("`{text}` is not a whole number")))
    }

    pub(crate) fn as_hash(&self, text: &str) -> Result<Hash, TextError> {
        Hash::from_hex(text).ok_or_else(|| self.error("not a hash of 64 lower-case digits"))
    }

    pub(crate) fn as_name(&self, text: &str) -> Result<String, TextError> {
        if is_name(text) { Ok(text.to_string()) } else { Err(self.error("not a name")) }
    }
}

/// Returns whether a text may name a table, a column or a file: not empty, of bounded length, without control characters.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Reads a whole number without sign and leading zeroes.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    if is_plain { text.parse().ok() } else { None }
}

/// Reads a whole number with or without a minus sign, without leading zeroes.
pub(crate) fn signed_number(text: &str) -> Option<i64> {
    let value: i64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

/// Appends a text with its control characters and backslashes escaped, so that it fits a line.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                out.push_str("\\x");
                out.push_str(&crate::hash::hex(&[c as u8]));
            }
            c => out.push(c),
        }
    }
}

/// Reads what [`escape`] wrote; `None` for anything else.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            '\\' => '\\',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'x' => {
                let digits: String = [chars.next()?, chars.next()?].iter().collect();
                char::from(crate::hash::hex_bytes::<1>(&digits)?[0])
            }
            _ => return None,
        });
    }
    let mut again = String::with_capacity(text.len());
    escape(&out, &mut again);
    (again == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "18446744073709551616", "1_0", "٣"] {
            assert_eq!(number(text), None, "{text:?}");
        }
        assert_eq!(signed_number("-9223372036854775808"), Some(i64::MIN));
        for text in ["", "-0", "+1", "-01", "01", "9223372036854775808"] {
            assert_eq!(signed_number(text), None, "{text:?}");
        }
    }

    #[test]
    fn escapes_have_one_form() {
        let text = "a\\b\nc\r\t\0\x1f\x7f\u{9b} é\u{2028}";
        let mut escaped = String::new();
        escape(text, &mut escaped);
        assert_eq!(escaped, "a\\\\b\\nc\\r\\t\\x00\\x1f\\x7f\\x9b é\u{2028}");
        assert_eq!(unescape(&escaped).as_deref(), Some(text));
        for text in ["\\", "\\q", "\\x0a", "\\x41", "\\x1F", "\\x1", "\t", "\\xa0", "\\xé"] {
            assert_eq!(unescape(text), None, "{text:?}");
        }
    }
}
