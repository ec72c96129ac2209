//! Objects that grow, such as the `PT1H.json` of a diagnostic export or the flow logs of an hour: which of their bytes are whole records.
//!
//! ```text
//! lines      {..}\n{..}\n{..           lines are appended
//! values     {..} {..} {..             JSON values that are spread over lines
//! elements   {"records":[{..},{..}]}   elements of a document, whose end moves along as it is rewritten
//! ```
//!
//! Anything else is taken as a whole.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Members in which exports wrap their records.
const WRAPPERS: &[&str] = &["records", "Records", "value", "items"];

/// How an object grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    Lines,
    Values,
    /// The elements of an array that is so many objects and arrays deep.
    Elements {
        depth: u8,
    },
    /// It does not.
    Whole,
}

/// What was cut off the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Whole records; `None` when there are none.
    pub body: Option<Vec<u8>>,
    /// How many bytes are done with.
    pub n: usize,
}

impl Shape {
    /// Tells how an object grows from its first bytes.
    pub fn of(head: &[u8]) -> Shape {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let trimmed = head.trim_ascii_start();
        match trimmed.first() {
            Some(b'[') => return Shape::Elements { depth: 1 },
            Some(b'{') if is_wrapper(trimmed) => return Shape::Elements { depth: 2 },
            Some(b'{') => {
                let line = trimmed.split(|byte| *byte == b'\n').next().unwrap_or(trimmed);
                let is_whole = serde_json::from_slice::<IgnoredAny>(line).is_ok();
                return if is_whole { Shape::Lines } else { Shape::Values };
            }
            _ => {}
        }
        // Text of others is lines, in whatever encoding of letters; what is no text is not looked into.
        let odd = head.iter().filter(|byte| matches!(byte, 0x01..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)).count();
        if !head.contains(&0) && odd * 100 <= head.len() { Shape::Lines } else { Shape::Whole }
    }

    /// Cuts whole records off bytes that begin where the last cut ended; `is_begin` when that is the object's begin.
    pub fn cut(self, bytes: &[u8], is_begin: bool) -> Cut {
        match self {
            Shape::Whole => Cut { body: None, n: 0 },
            Shape::Lines => lines(bytes),
            Shape::Values => values(bytes, 0, 0),
            Shape::Elements { depth } => values(bytes, if is_begin { 0 } else { depth }, depth),
        }
    }

    /// Returns what is left when no more comes: a record without an end, or nothing but the end of the document.
    pub fn rest(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let rest = match self {
            Shape::Elements { .. } => {
                let rest = bytes.trim_ascii().strip_prefix(b",").unwrap_or(bytes);
                let is_end = rest.iter().all(|byte| matches!(byte, b']' | b'}') || byte.is_ascii_whitespace());
                if is_end { &[] } else { rest }
            }
            _ => bytes,
        };
        (!rest.trim_ascii().is_empty()).then(|| rest.to_vec())
    }
}

/// Returns whether it is an object whose first member is an array of records.
fn is_wrapper(text: &[u8]) -> bool {
    let after = |text: &'_ [u8], what: u8| text.trim_ascii_start().strip_prefix(&[what]).map(<[u8]>::to_vec);
    let Some(text) = after(text, b'{').and_then(|text| after(&text, b'"')) else { return false };
    let name = text.split(|byte| *byte == b'"').next().unwrap_or_default();
    let behind = text.get(name.len() + 1..).and_then(|text| after(text, b':')).and_then(|text| after(&text, b'['));
    behind.is_some() && WRAPPERS.iter().any(|known| known.as_bytes() == name)
}

/// Cuts off whole lines, and a last one without an end that is a JSON value by itself.
fn lines(bytes: &[u8]) -> Cut {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = bytes.get(end..).unwrap_or_default();
    let is_value = last.trim_ascii_start().first() == Some(&b'{') && serde_json::from_slice::<IgnoredAny>(last).is_ok();
    let n = if is_value { bytes.len() } else { end };
    let body = bytes.get(..n).filter(|body| !body.trim_ascii().is_empty()).map(<[u8]>::to_vec);
    Cut { body, n }
}

/// Cuts off whole objects that stand so deep: from a place that stands `depth` deep, those that are `base` deep.
fn values(bytes: &[u8], mut depth: u8, base: u8) -> Cut {
    let (mut begin, mut end) = ((depth == base).then_some(0), 0);
    let (mut in_text, mut is_escaped) = (false, false);
    // Within a record, how deep.
    let mut inner = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        if in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' if begin.is_some() => inner += 1,
            b'{' | b'[' => {
                depth += 1;
                if depth == base {
                    begin = Some(at + 1);
                }
            }
            b'}' | b']' if inner > 0 => {
                inner -= 1;
                if inner == 0 {
                    end = at + 1;
                }
            }
            // The document's end.
            b'}' | b']' => break,
            _ => {}
        }
    }
    let body = begin.filter(|_| end > 0).and_then(|begin| bytes.get(begin..end)).map(<[u8]>::trim_ascii_start);
    let Some(body) = body else { return Cut { body: None, n: 0 } };
    let body = body.strip_prefix(b",").unwrap_or(body);
    let body = if base == 0 { body.to_vec() } else { [b"[", body, b"]"].concat() };
    Cut { body: Some(body), n: end }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes an object that grows as these, and returns the bodies that come out.
    fn taken(versions: &[&str]) -> Vec<String> {
        let shape = Shape::of(versions[0].as_bytes());
        let (mut at, mut bodies) = (0, Vec::new());
        for version in versions {
            let Cut { body, n } = shape.cut(&version.as_bytes()[at..], at == 0);
            bodies.extend(body.map(|body| String::from_utf8(body).unwrap()));
            at += n;
        }
        bodies
    }

    #[test]
    fn lines_are_taken_when_they_are_whole() {
        let grown = ["{\"a\":1}\r\n{\"a\"", "{\"a\":1}\r\n{\"a\":2}\n\n", "{\"a\":1}\r\n{\"a\":2}\n\n{\"a\":3}"];
        assert_eq!(taken(&grown), ["{\"a\":1}\r\n", "{\"a\":2}\n\n", "{\"a\":3}"]);
        assert_eq!(taken(&["<1>one\n<1>tw", "<1>one\n<1>two\n"]), ["<1>one\n", "<1>two\n"]);
    }

    #[test]
    fn a_document_that_is_rewritten_gives_its_new_elements() {
        let grown = [
            "{\"records\":[",
            "{\"records\":[{\"a\":\"]}\\\"\"}\n]}",
            "{\"records\":[{\"a\":\"]}\\\"\"},{\"b\":[{}]},{\"c\":1}]}",
            "{\"records\":[{\"a\":\"]}\\\"\"},{\"b\":[{}]},{\"c\":1}, 7 ,{\"d\":1}]}",
        ];
        assert_eq!(taken(&grown), ["[{\"a\":\"]}\\\"\"}]", "[{\"b\":[{}]},{\"c\":1}]", "[ 7 ,{\"d\":1}]"]);
        assert_eq!(taken(&["[{\"a\":1}", "[{\"a\":1},{\"a\":2}]"]), ["[{\"a\":1}]", "[{\"a\":2}]"]);
        assert_eq!(taken(&["{\n\"a\":{}}\n{", "{\n\"a\":{}}\n{\"b\":1}"]), ["{\n\"a\":{}}", "{\"b\":1}"]);
    }

    #[test]
    fn what_is_left_is_kept_unless_it_is_the_end() {
        let elements = Shape::Elements { depth: 2 };
        assert_eq!(elements.rest(b"\n]}\n"), None);
        assert_eq!(elements.rest(b",{\"a\":"), Some(b"{\"a\":".to_vec()));
        assert_eq!(Shape::Lines.rest(b"half"), Some(b"half".to_vec()));
        assert_eq!(Shape::Lines.rest(b" \n"), None);
        assert_eq!(Shape::of(b"\x1f\x8b\x08"), Shape::Whole);
        assert_eq!(Shape::of(b"caf\xe9 closed\n"), Shape::Lines);
        assert_eq!(Shape::of(b"{\"other\":[{"), Shape::Values);
    }
}
