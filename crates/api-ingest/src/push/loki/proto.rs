//! Push requests as protocol buffers, packed by snappy.
//!
//! # Source
//! Grafana Loki, the messages `PushRequest`, `StreamAdapter`, `EntryAdapter` and `LabelPairAdapter`; labels are written as PromQL's
//! selectors: `{job="app", env="x"}`.

use prost::Message;

use super::answer::Problem;
use super::entry;
use crate::push::entry::{Entry, Room};
use crate::push::{PushLimits, Time};

#[derive(Clone, PartialEq, Message)]
pub struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    pub streams: Vec<PushStream>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PushStream {
    #[prost(string, tag = "1")]
    pub labels: String,
    #[prost(message, repeated, tag = "2")]
    pub entries: Vec<PushEntry>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PushEntry {
    #[prost(message, optional, tag = "1")]
    pub timestamp: Option<PushTime>,
    #[prost(string, tag = "2")]
    pub line: String,
    #[prost(message, repeated, tag = "3")]
    pub structured_metadata: Vec<PushPair>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PushTime {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct PushPair {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// Reads a request.
///
/// # Errors
/// When it is none, or larger than a request may be.
pub fn lines(body: &[u8], limits: &PushLimits) -> Result<Vec<Entry>, Problem> {
    let bytes = snap::raw::decompress_len(body).map_err(|_| Problem::bad("the body is not packed by snappy"))?;
    if bytes > limits.bytes_max {
        return Err(Problem::bad(&format!("the body is larger than {} bytes", limits.bytes_max)));
    }
    let unpacked = snap::raw::Decoder::new().decompress_vec(body);
    let unpacked = unpacked.map_err(|_| Problem::bad("the body is not packed by snappy"))?;
    let request = PushRequest::decode(unpacked.as_slice());
    let request = request.map_err(|error| Problem::bad(&format!("the body is no push request: {error}")))?;
    let (mut entries, mut room) = (Vec::new(), Room::of(limits));
    let too_many = || Problem::bad(&format!("a stream has at most {} labels, and so has a line", limits.labels_max));
    for PushStream { labels, entries: lines } in request.streams {
        let labels = selector(&labels).ok_or_else(|| Problem::bad(&format!("`{labels}` are no labels")))?;
        if labels.is_empty() {
            return Err(Problem::bad("at least one label pair is required per stream"));
        }
        if labels.len() > limits.labels_max {
            return Err(too_many());
        }
        for PushEntry { timestamp, line, structured_metadata } in lines {
            if structured_metadata.len() > limits.labels_max {
                return Err(too_many());
            }
            let PushTime { seconds, nanos } = timestamp.unwrap_or_default();
            let time = Time::of_nanos(&(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)).to_string());
            if time.ticks.is_none() {
                return Err(Problem::bad("a time is none that a record may have"));
            }
            let metadata = structured_metadata.into_iter().map(|pair| (pair.name, pair.value)).collect();
            let entry = entry(&labels, metadata, time, line);
            room.take(&entry, limits).map_err(|why| Problem::bad(&why))?;
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Packs bytes as senders do; `None` when they are too many.
pub fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    snap::raw::Encoder::new().compress_vec(bytes).ok()
}

/// Reads labels: `{name="value", ...}`, the values quoted as in Go.
pub fn selector(text: &str) -> Option<Vec<(String, String)>> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-')) {
            return None;
        }
        labels.push((name.to_string(), value));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(labels)
}

/// Reads a text in quotes, and returns what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    if let Some(plain) = text.strip_prefix('`') {
        let (value, rest) = plain.split_once('`')?;
        return Some((value.to_string(), rest));
    }
    let text = text.strip_prefix('"')?;
    let mut value: Vec<u8> = Vec::new();
    let mut chars = text.char_indices();
    let push = |c: char, value: &mut Vec<u8>| value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((String::from_utf8(value).ok()?, text.get(at + 1..)?)),
            '\\' => {
                let (_, escape) = chars.next()?;
                let mut number = |digits: usize, radix: u32, first: Option<char>| {
                    let mut text: String = first.into_iter().collect();
                    while text.len() < digits {
                        text.push(chars.next()?.1);
                    }
                    u32::from_str_radix(&text, radix).ok()
                };
                match escape {
                    'n' => value.push(b'\n'),
                    'r' => value.push(b'\r'),
                    't' => value.push(b'\t'),
                    'a' => value.push(7),
                    'b' => value.push(8),
                    'f' => value.push(12),
                    'v' => value.push(11),
                    '\\' | '"' | '\'' => push(escape, &mut value),
                    'x' => value.push(u8::try_from(number(2, 16, None)?).ok()?),
                    'u' => push(char::from_u32(number(4, 16, None)?)?, &mut value),
                    'U' => push(char::from_u32(number(8, 16, None)?)?, &mut value),
                    '0'..='7' => value.push(u8::try_from(number(3, 8, Some(escape))?).ok()?),
                    _ => return None,
                }
            }
            c => push(c, &mut value),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(request: &PushRequest) -> Vec<u8> {
        pack(&request.encode_to_vec()).expect("packed")
    }

    #[test]
    fn labels_are_a_selector() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        let cases = [
            ("{}", Some(vec![])),
            (r#"{job="app"}"#, Some(vec![pair("job", "app")])),
            (
                r#"{ a="x, y=\"z\"" , b="ü\n\u00e9\xc3\xa9\101" }"#,
                Some(vec![pair("a", "x, y=\"z\""), pair("b", "ü\néé\u{41}")]),
            ),
            ("{a=`x\\`,}", Some(vec![pair("a", "x\\")])),
            (r#"{a="x"b="y"}"#, None),
            (r#"{a="x}"#, None),
            (r#"{="x"}"#, None),
            (r#"{a="\q"}"#, None),
            (r#"{a="\xff"}"#, None),
            ("a", None),
        ];
        for (text, expected) in cases {
            assert_eq!(selector(text), expected, "{text}");
        }
    }

    #[test]
    fn a_request_is_what_the_same_in_json_is() {
        let pair = PushPair { name: "trace".to_string(), value: "7".to_string() };
        let timestamp = Some(PushTime { seconds: 1_433_188_255, nanos: 123_456_789 });
        let entries = vec![PushEntry { timestamp, line: "a \"b\"".to_string(), structured_metadata: vec![pair] }];
        let request = PushRequest { streams: vec![PushStream { labels: r#"{job="app"}"#.to_string(), entries }] };
        let json =
            r#"{"streams":[{"stream":{"job":"app"},"values":[["1433188255123456789","a \"b\"",{"trace":"7"}]]}]}"#;
        let limits = PushLimits::default();
        assert_eq!(lines(&packed(&request), &limits), super::super::json::lines(json.as_bytes(), &limits));
    }

    #[test]
    fn a_body_is_as_large_unpacked_as_it_may_be() {
        let entries = vec![PushEntry { line: "x".repeat(10_000), ..PushEntry::default() }];
        let request = PushRequest { streams: vec![PushStream { labels: r#"{job="app"}"#.to_string(), entries }] };
        let packed = packed(&request);
        let limits = |bytes_max| PushLimits { bytes_max, ..PushLimits::default() };
        assert!(
            packed.len() < 1000 && lines(&packed, &limits(9_000)).is_err() && lines(&packed, &limits(11_000)).is_ok()
        );
        assert!(lines(b"\xff\xff\xff\xff\xff\xff", &limits(1 << 30)).is_err());
        assert!(lines(b"", &limits(1 << 30)).is_err());
    }
}
