//! What a file is: by its first bytes, then by its content, then by its name's extension.

use crate::json::scan::{self, What};
use crate::{csv, json};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON values, each on its own line.
    JsonLines,
    /// JSON values that span lines: one array of objects, one object, or several one after the other.
    Json,
    /// Cells between delimiters, a header first, quoted as RFC 4180 says.
    Delimited { delimiter: u8 },
    /// Any text: each line is a row of the one column `RawData`.
    Lines,
    /// Any text: all of it is one row.
    Raw,
}

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Zip,
}

/// Bytes of a file that are looked at.
pub(crate) const HEAD: usize = 64 * 1024;

/// Returns how the bytes are packed, from their magic number.
pub(crate) fn packing(head: &[u8]) -> Option<Packing> {
    match head {
        [0x1F, 0x8B, ..] => Some(Packing::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Packing::Zstd),
        // Skippable frames may come first.
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Packing::Zstd),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Packing::Zip),
        _ => None,
    }
}

/// Magic numbers of formats that are not read, with their names for the error.
const FOREIGN: [(&[u8], &str); 17] = [
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ\0", "xz"),
    (b"7z\xBC\xAF\x27\x1C", "7-Zip"),
    (b"\x04\x22\x4D\x18", "LZ4"),
    (b"Rar!", "RAR"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
    (b"ARROW1", "Arrow IPC"),
    (b"SQLite format 3\0", "SQLite"),
    (b"ElfFile\0", "Windows event log (EVTX)"),
    (b"\x7FELF", "ELF program"),
    (b"MZ", "Windows program"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG image"),
    (b"\xFF\xD8\xFF", "JPEG image"),
    (b"\xD4\xC3\xB2\xA1", "packet capture"),
    (b"\x0A\x0D\x0D\x0A", "packet capture"),
];

/// The text encoding of a file and the length of its byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextKind {
    pub encoding: &'static Encoding,
    pub bom: usize,
}

/// What the head of an unpacked file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Parquet,
    Text {
        format: Format,
        kind: TextKind,
    },
    /// Nothing but, perhaps, blanks and a byte order mark.
    Empty,
}

/// Tells an unpacked file's format from its first bytes (`whole` when these are all) and its name.
///
/// # Errors
/// What the file seems to be instead, in words.
pub(crate) fn content(head: &[u8], whole: bool, name: &str) -> Result<Content, String> {
    if head.starts_with(b"PAR1") {
        return Ok(Content::Parquet);
    }
    let foreign = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic) && !is_text(head));
    if let Some((_, what)) = foreign {
        return Err(format!("{what} is not supported"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Err("tar is not supported: unpack it and name its folder".to_string());
    }
    let kind = encoding(head)?;
    let body = head.get(kind.bom..).unwrap_or(&[]);
    let (text, _) = kind.encoding.decode_without_bom_handling(body);
    if text.trim().is_empty() && whole {
        return Ok(Content::Empty);
    }
    if kind.encoding == UTF_8 && !is_text(body) {
        return Err("binary data".to_string());
    }
    // What the cut made of the last character or line is no part of the evidence.
    let text = if whole { &text } else { text.get(..text.rfind('\n').unwrap_or(text.len())).unwrap_or(&text) };
    Ok(Content::Text { format: format(text, whole, name), kind })
}

/// Returns whether bytes look like text: no NUL and hardly any control characters.
fn is_text(bytes: &[u8]) -> bool {
    let odd = bytes.iter().filter(|b| matches!(b, 0x01..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)).count();
    !bytes.contains(&0) && odd * 100 <= bytes.len()
}

/// Tells the encoding from the byte order mark; without one, from where the zero bytes of UTF-16 stand, else UTF-8.
pub(crate) fn encoding(head: &[u8]) -> Result<TextKind, String> {
    Ok(match head {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return Err("UTF-32 is not supported".to_string()),
        [0xEF, 0xBB, 0xBF, ..] => TextKind { encoding: UTF_8, bom: 3 },
        [0xFF, 0xFE, ..] => TextKind { encoding: UTF_16LE, bom: 2 },
        [0xFE, 0xFF, ..] => TextKind { encoding: UTF_16BE, bom: 2 },
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => TextKind { encoding: UTF_16LE, bom: 0 },
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => TextKind { encoding: UTF_16BE, bom: 0 },
        _ => TextKind { encoding: UTF_8, bom: 0 },
    })
}

/// Tells the format of text.
fn format(text: &str, whole: bool, name: &str) -> Format {
    let extension = extension(name);
    if let Some(format) = json(text, whole) {
        let is_lines = matches!(extension.as_str(), "jsonl" | "ndjson") && text.trim_start().starts_with('{');
        return if is_lines { Format::JsonLines } else { format };
    }
    match extension.as_str() {
        "json" | "jsonl" | "ndjson" => Format::JsonLines,
        "csv" => Format::Delimited { delimiter: csv::delimiter(text).unwrap_or(b',') },
        "tsv" | "tab" => Format::Delimited { delimiter: b'\t' },
        "psv" => Format::Delimited { delimiter: b'|' },
        _ => csv::confident_delimiter(text, whole).map_or(Format::Lines, |delimiter| Format::Delimited { delimiter }),
    }
}

/// Returns whether a file's name says that it holds lines of a log: by its extension, that of a rotated file or none.
pub(crate) fn is_log_name(name: &str) -> bool {
    let extension = extension(name);
    let is_rotated = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_digit());
    is_rotated || matches!(extension.as_str(), "" | "log" | "txt" | "out" | "cef" | "leef" | "syslog")
}

/// Returns the last extension in lower case that does not name a packing.
pub(crate) fn extension(name: &str) -> String {
    let mut stem = name;
    while let Some((rest, extension)) = stem.rsplit_once('.') {
        let extension = extension.to_ascii_lowercase();
        if !["gz", "gzip", "bgz", "zst", "zstd", "zip"].contains(&extension.as_str()) {
            return extension;
        }
        stem = rest;
    }
    String::new()
}

/// Lines looked at for whole JSON objects.
const LINES_LOOKED_AT: usize = 20;

/// Tells JSON from other text, and one object a line from values that span lines.
fn json(text: &str, whole: bool) -> Option<Format> {
    let start = scan::skip_blanks(text.as_bytes(), 0);
    let first = *text.as_bytes().get(start)?;
    if !matches!(first, b'{' | b'[') {
        return None;
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES_LOOKED_AT);
    if lines.next().is_some_and(json::is_object) {
        return Some(Format::JsonLines);
    }
    // A broken first line among whole ones.
    let broken = scan::value(text.as_bytes(), start).is_err_and(|fault| fault.what != What::End);
    if first == b'{' && broken && lines.any(json::is_object) {
        return Some(Format::JsonLines);
    }
    let next = text.as_bytes().get(scan::skip_blanks(text.as_bytes(), start + 1));
    let begins_rows = match (first, next) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{')) => true,
        (b'[', Some(b']')) => text.trim() == "[]",
        (_, Some(_)) => false,
        (_, None) => !whole,
    };
    begins_rows.then_some(Format::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8], name: &str) -> String {
        match content(bytes, true, name) {
            Ok(Content::Text { format, .. }) => format!("{format:?}"),
            Ok(other) => format!("{other:?}"),
            Err(what) => what,
        }
    }

    #[test]
    fn formats_by_content_and_name() {
        let comma = "Delimited { delimiter: 44 }";
        let cases: [(&[u8], &str, &str); 28] = [
            (b"{\"a\":1}\n{\"a\":2}\n", "x", "JsonLines"),
            (b"{\"a\":1,\n{\"a\":2}\n", "x.json", "JsonLines"),
            (b"{\"a\":1}", "x.csv", "JsonLines"),
            (b"[\n{\"a\":1},\n{\"a\":2}\n]", "x.json", "Json"),
            (b"[{\"a\":1},{\"a\":2}]", "x", "Json"),
            (b"{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", "x.txt", "Json"),
            (b"\xEF\xBB\xBF  [ {\"a\":1} ]", "x", "Json"),
            (b"[]", "x.json", "Json"),
            (b"[{\"a\":1}, {\"b\":", "x.json", "Json"),
            (b"[2024-01-01 10:00] error in x\n[2024-01-01 10:01] more\n", "x.log", "Lines"),
            (b"{broken", "x.json", "JsonLines"),
            (b"{a, b}\n", "x.log", "Lines"),
            (b"a,b\n1,2\n", "x.csv", comma),
            (b"a;b\n1;2,5\n", "x.csv", "Delimited { delimiter: 59 }"),
            (b"a\tb\n1\t2\n", "x.tsv", "Delimited { delimiter: 9 }"),
            (b"a\tb\n1\t2\n", "x.txt", "Delimited { delimiter: 9 }"),
            (b"a,b\n1,2\n3,4\n", "x", comma),
            (b"one\n", "x.csv", comma),
            (b"Hello, world\nthis is text, and more\n", "x.txt", "Lines"),
            (b"Aug  3 10:49:35 host CEF: 0|a|b|c|d|e|4| x=1\n", "x.txt", "Lines"),
            (b"", "x.json", "Empty"),
            (b"\xEF\xBB\xBF\r\n", "x.json", "Empty"),
            (b"PAR1....", "x", "Parquet"),
            (b"BZh9\x17\x00", "x.json", "bzip2 is not supported"),
            (b"\x00\x01\x02", "x.json", "binary data"),
            (b"\xFF\xFE{\0}\0", "x.json", "JsonLines"),
            (b"{\0\"\0a\0\"\0:\x001\0}\0", "x.json", "JsonLines"),
            (b"\xFF\xFE\0\0", "x.json", "UTF-32 is not supported"),
        ];
        for (bytes, name, format) in cases {
            assert_eq!(seen(bytes, name), format, "{} as {name}", String::from_utf8_lossy(bytes));
        }
        let head = b"[\n  {\n  \"a\": \"cut off";
        assert!(matches!(content(head, false, "x"), Ok(Content::Text { format: Format::Json, .. })));
    }
}
