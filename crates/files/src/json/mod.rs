//! JSON files row by row: lines of objects, arrays of objects, single objects, and objects that wrap an array of rows.
//!
//! Unwrapped are the two wrappers that audit logs come in: an object whose first member is `Records` or `records` with an
//! array of objects (CloudTrail, Azure resource logs), and a Graph answer, `value` after `@odata.context`.
//!
//! Measured on one core of a virtual machine (`cargo bench -p files`, sign-in records of about 770 bytes, processor time):
//! 980 MB/s with all 13 columns, 1,170 MB/s with two, 1,410 MB/s with none; arrow-json 510 MB/s with the 10 scalar columns.

pub(crate) mod records;
pub(crate) mod scan;

use crate::text::TextStream;
use crate::warnings::{Notes, Reason, quoted};
use scan::{Fault, Fields, Kind, What};

/// Returns whether a text is one JSON object.
pub(crate) fn is_object(text: &str) -> bool {
    struct Ignore;
    impl Fields for Ignore {
        fn field(&mut self, _: &str, _: bool, _: scan::Token) {}
    }
    text.starts_with('{') && scan::object(text, 0, &mut Ignore).is_ok_and(|end| text[end..].trim().is_empty())
}

/// Where a row goes: its members, and a fresh start before each attempt at the row that begins at `start`.
pub(crate) trait Row: Fields {
    fn begin(&mut self, start: usize);
}

/// Reads the rows of a JSON file.
pub(crate) struct JsonReader {
    pub stream: TextStream,
    /// Each row is on one line: a line break ends whatever was broken before.
    lines: bool,
    line_bytes_max: usize,
    packed: bool,
    /// Inside an array of rows.
    in_array: bool,
    /// The array is a member of an object: what follows it up to the object's end is not a row.
    wrapped: bool,
    /// Whether wrappers are undone.
    unwraps: bool,
    done: bool,
}

/// What a step over the text led to.
enum Step {
    /// A row was handed over; the next text begins here.
    Row(usize),
    /// No row, go on here.
    Next(usize),
    /// An array of rows opens; `wrapped` when it is a member of an object.
    Open {
        next: usize,
        wrapped: bool,
    },
    /// The array, and the object that wraps it, close.
    Close(usize),
    /// The text ends; with a fault when inside a value.
    End(Option<Fault>),
    Broken(usize, Fault),
    /// A value that is no object, and where it ends.
    Other(usize, usize),
    /// Members beside the rows, and where their object ends.
    Beside(usize, usize),
}

impl JsonReader {
    /// Makes a reader; `lines` when each row is on its own line, `packed` when the stream unpacks compressed bytes.
    pub fn new(stream: TextStream, lines: bool, packed: bool, line_bytes_max: usize) -> JsonReader {
        JsonReader {
            stream,
            lines,
            line_bytes_max,
            packed,
            in_array: false,
            wrapped: false,
            unwraps: true,
            done: false,
        }
    }

    /// Takes an object that wraps rows as a row itself.
    pub fn verbatim(self) -> JsonReader {
        JsonReader { unwraps: false, ..self }
    }

    /// Reads the next row into `row`; its tokens are places in [`TextStream::text`] until the next call. Returns whether
    /// there was one.
    pub fn next(&mut self, row: &mut impl Row, notes: &mut Notes) -> std::io::Result<bool> {
        while !self.done {
            let end = if self.lines { self.line_end() } else { Some(self.stream.text().len()) };
            let Some(end) = end else {
                self.more(notes)?;
                continue;
            };
            let start = self.stream.at();
            let text = self.stream.text().get(..end).unwrap_or("");
            let unwraps = self.unwraps && !self.in_array;
            match step(text, start, self.in_array, self.wrapped, unwraps, row) {
                Step::Row(next) if next - start > self.line_bytes_max => {
                    self.too_long(notes);
                    self.stream.take_to(next);
                }
                Step::Row(next) => {
                    self.stream.take_to(next);
                    return Ok(true);
                }
                Step::Next(next) => self.stream.take_to(next),
                Step::Open { next, wrapped } => {
                    self.in_array = true;
                    self.wrapped = wrapped;
                    self.stream.take_to(next);
                }
                Step::Close(next) => self.close(next),
                Step::End(None) if self.lines && end < self.stream.text().len() => {
                    self.close(end + 1);
                }
                Step::End(None) => {
                    self.stream.take_to(end);
                    if !self.stream.fill(self.packed, notes)? {
                        self.finish(notes);
                    }
                }
                Step::End(Some(fault)) if self.lines && end < self.stream.text().len() => self.broken(fault, notes)?,
                Step::End(Some(fault)) => {
                    if self.stream.ended() {
                        self.truncated(fault, notes);
                    } else {
                        self.more(notes)?;
                    }
                }
                Step::Broken(next, fault) => {
                    self.stream.take_to(next);
                    self.broken(fault, notes)?;
                }
                // More text might belong to the value.
                Step::Other(_, next) if next == end && !self.lines && !self.stream.ended() => self.more(notes)?,
                Step::Other(value, next) => {
                    let line = notes.wants_more(Reason::NotAnObject).then(|| self.stream.line(value)).flatten();
                    let text = self.stream.text().get(value..next).unwrap_or("");
                    notes.add(Reason::NotAnObject, None, || (line, format!("{} is no object", quoted(text))));
                    self.stream.take_to(next);
                }
                Step::Beside(member, next) => {
                    let line = self.stream.line(member);
                    let text = self.stream.text().get(member..next).unwrap_or("");
                    notes.add(Reason::BesideRows, None, || (line, quoted(text)));
                    self.close(next);
                }
            }
        }
        Ok(false)
    }

    /// Returns the end of the line that begins at the stream's place; `None` when it is not held whole yet.
    fn line_end(&self) -> Option<usize> {
        let rest = self.stream.rest();
        match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(n) => Some(self.stream.at() + n),
            None => self.stream.ended().then_some(self.stream.text().len()),
        }
    }

    /// Leaves the array of rows.
    fn close(&mut self, next: usize) {
        self.in_array = false;
        self.wrapped = false;
        self.stream.take_to(next);
    }

    /// Ends the reading at the text's end.
    fn finish(&mut self, notes: &mut Notes) {
        self.done = true;
        if self.in_array && !self.stream.cut {
            let line = self.stream.line(self.stream.at());
            notes.add(Reason::Truncated, None, || (line, "the array of rows is not closed".to_string()));
        }
    }

    /// Reads on in the middle of a row, or skips the row when it is too long.
    fn more(&mut self, notes: &mut Notes) -> std::io::Result<()> {
        if self.stream.rest().len() > self.line_bytes_max {
            self.too_long(notes);
            return if self.lines { self.stream.skip_line(self.packed, notes) } else { self.skip_value(notes) };
        }
        self.stream.fill(self.packed, notes)?;
        Ok(())
    }

    fn too_long(&mut self, notes: &mut Notes) {
        let line = self.row_line();
        let max = self.line_bytes_max;
        notes.add(Reason::TooLong, None, || (line, format!("longer than {max} bytes")));
    }

    /// Returns the line that the next row begins in.
    fn row_line(&mut self) -> Option<u64> {
        let start = scan::skip_blanks(self.stream.text().as_bytes(), self.stream.at());
        self.stream.line(start)
    }

    /// Takes text up to the end of the value that begins at the stream's place without holding it.
    fn skip_value(&mut self, notes: &mut Notes) -> std::io::Result<()> {
        let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
        loop {
            let start = self.stream.at();
            for (i, byte) in self.stream.rest().bytes().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = in_string,
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && !in_string && matches!(byte, b'"' | b'}' | b']') {
                    self.stream.take_to(start + i + 1);
                    return Ok(());
                }
            }
            self.stream.take_to(self.stream.text().len());
            if !self.stream.fill(self.packed, notes)? {
                return Ok(());
            }
        }
    }

    /// Notes a row that the file's end cuts off.
    fn truncated(&mut self, fault: Fault, notes: &mut Notes) {
        self.done = true;
        if self.stream.cut {
            return;
        }
        let line = self.row_line();
        let reason = if self.lines { Reason::BrokenRow } else { Reason::Truncated };
        notes.add(reason, None, || (line, fault.what.text().to_string()));
    }

    /// Notes a broken row and goes on after it: at the next line, or, among values that span lines, at the next line that
    /// opens an object in the same column as the broken one.
    fn broken(&mut self, fault: Fault, notes: &mut Notes) -> std::io::Result<()> {
        let line = notes.wants_more(Reason::BrokenRow).then(|| self.stream.line(fault.at)).flatten();
        let text = self.stream.text();
        let context = match fault.what {
            What::End => String::new(),
            _ => format!(" at {}", quoted(text.get(fault.at..).and_then(|rest| rest.lines().next()).unwrap_or(""))),
        };
        notes.add(Reason::BrokenRow, None, || (line, format!("{}{context}", fault.what.text())));
        if self.lines {
            let end = self.line_end().unwrap_or(self.stream.text().len());
            self.close((end + 1).min(self.stream.text().len()));
            return Ok(());
        }
        if !self.resume(notes)? {
            self.done = true;
            let line = self.stream.line(self.stream.at());
            notes.add(Reason::Truncated, None, || {
                (line, "what follows the broken row cannot be told apart".to_string())
            });
        }
        Ok(())
    }

    /// Takes the text up to the next object that opens in the column of the one at the stream's place, each on its own
    /// line; returns whether there is one.
    fn resume(&mut self, notes: &mut Notes) -> std::io::Result<bool> {
        let start = scan::skip_blanks(self.stream.text().as_bytes(), self.stream.at());
        self.stream.take_to(start);
        let Some(indent) = self.stream.line_prefix(start).filter(|prefix| prefix.trim_start().is_empty()) else {
            return Ok(false);
        };
        let opening = format!("\n{indent}{{");
        let finder = memchr::memmem::Finder::new(&opening);
        loop {
            if let Some(n) = finder.find(self.stream.rest().as_bytes()) {
                self.stream.take_to(self.stream.at() + n + opening.len() - 1);
                return Ok(true);
            }
            if self.stream.rest().len() > self.line_bytes_max || !self.stream.fill(self.packed, notes)? {
                return Ok(false);
            }
        }
    }
}

/// Takes one step over the text from `at`.
#[inline]
fn step(text: &str, at: usize, in_array: bool, wrapped: bool, unwraps: bool, row: &mut impl Row) -> Step {
    let bytes = text.as_bytes();
    let start = scan::skip_blanks(bytes, at);
    match bytes.get(start) {
        None => Step::End(None),
        Some(b'{') => {
            if unwraps {
                match unwrap(text, start) {
                    Ok(Some(next)) => return Step::Open { next, wrapped: true },
                    Ok(None) => {}
                    Err(fault) if fault.what == What::End => return Step::End(Some(fault)),
                    // The object's own scan says what is wrong.
                    Err(_) => {}
                }
            }
            row.begin(start);
            match scan::object(text, start, row) {
                Ok(next) => Step::Row(next),
                Err(fault) => faulty(start, fault),
            }
        }
        Some(b'[') if !in_array => Step::Open { next: start + 1, wrapped: false },
        Some(b']') if wrapped => after_rows(text, start + 1),
        Some(b']') if in_array => Step::Close(start + 1),
        // Between values; outside an array some writers put commas too.
        Some(b',') => Step::Next(start + 1),
        Some(_) => match scan::value(bytes, start) {
            Ok(token) => Step::Other(start, token.end),
            Err(fault) => faulty(start, fault),
        },
    }
}

fn faulty(start: usize, fault: Fault) -> Step {
    if fault.what == What::End { Step::End(Some(fault)) } else { Step::Broken(start, fault) }
}

/// Returns the place after the `[` of the rows that the object at `start` wraps; `None` when it wraps none.
fn unwrap(text: &str, start: usize) -> Result<Option<usize>, Fault> {
    let bytes = text.as_bytes();
    let mut at = scan::skip_blanks(bytes, start + 1);
    let mut is_graph = false;
    loop {
        // A wrapper's name opens with one of these letters: most rows are told apart by one byte.
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'"'), Some(b'R' | b'r' | b'v' | b'@')) => {}
            (Some(b'"'), None) | (None, _) => return Err(Fault { at: bytes.len(), what: What::End }),
            _ => return Ok(None),
        }
        let name = scan::string(bytes, at)?;
        let colon = scan::skip_blanks(bytes, name.end);
        match bytes.get(colon) {
            Some(b':') => {}
            Some(_) => return Ok(None),
            None => return Err(Fault { at: bytes.len(), what: What::End }),
        }
        at = scan::skip_blanks(bytes, colon + 1);
        let is_rows = match name.inner(text) {
            "Records" | "records" => !is_graph,
            "value" => is_graph,
            other if other.starts_with("@odata.") => {
                is_graph = true;
                false
            }
            _ => return Ok(None),
        };
        if is_rows {
            let open = bytes.get(at).copied();
            let first = bytes.get(scan::skip_blanks(bytes, at + 1)).copied();
            return match (open, first) {
                (Some(b'['), Some(b'{' | b']')) => Ok(Some(at + 1)),
                (None, _) | (Some(b'['), None) => Err(Fault { at: bytes.len(), what: What::End }),
                _ => Ok(None),
            };
        }
        let value = scan::value(bytes, at)?;
        if matches!(value.kind, Kind::Nested | Kind::Spaced) {
            return Ok(None);
        }
        at = scan::skip_blanks(bytes, value.end);
        match bytes.get(at) {
            Some(b',') => at = scan::skip_blanks(bytes, at + 1),
            Some(_) => return Ok(None),
            None => return Err(Fault { at: bytes.len(), what: What::End }),
        }
    }
}

/// Steps from behind the rows to behind the object that wraps them.
fn after_rows(text: &str, start: usize) -> Step {
    struct Beside(bool);
    impl Fields for Beside {
        fn field(&mut self, name: &str, _: bool, _: scan::Token) {
            self.0 |= !name.starts_with("@odata.");
        }
    }
    let bytes = text.as_bytes();
    let at = scan::skip_blanks(bytes, start);
    match bytes.get(at) {
        Some(b'}') => Step::Close(at + 1),
        Some(b',') => {
            let mut beside = Beside(false);
            // The comma stands where the object's brace would.
            match scan::object(text, at, &mut beside) {
                Ok(next) if beside.0 => Step::Beside(at + 1, next),
                Ok(next) => Step::Close(next),
                Err(fault) => faulty(at, fault),
            }
        }
        Some(_) => Step::Broken(at, Fault { at, what: What::Comma }),
        None => Step::End(Some(Fault { at, what: What::End })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::LineBase;
    use std::sync::Arc;

    /// Gives out `n` bytes at a time.
    struct Slow(std::io::Cursor<Vec<u8>>, usize);

    impl std::io::Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = buffer.len().min(self.1);
            self.0.read(&mut buffer[..n])
        }
    }

    #[derive(Default)]
    struct Members(Vec<(String, scan::Token)>);

    impl Fields for Members {
        fn field(&mut self, name: &str, _: bool, value: scan::Token) {
            self.0.push((name.to_string(), value));
        }
    }

    impl Row for Members {
        fn begin(&mut self, _: usize) {
            self.0.clear();
        }
    }

    fn read(text: &str, lines: bool, max: usize) -> (Vec<String>, Vec<String>) {
        let file: Arc<str> = "f".into();
        let mut notes = Notes::new(&file, 0);
        let source = Slow(std::io::Cursor::new(text.as_bytes().to_vec()), 7);
        let stream = TextStream::new(Box::new(source), encoding_rs::UTF_8, LineBase::Known(0));
        let mut reader = JsonReader::new(stream, lines, false, max);
        let mut row = Members::default();
        let mut rows = Vec::new();
        while reader.next(&mut row, &mut notes).unwrap() {
            let members = row.0.iter().map(|(name, value)| format!("{name}={}", value.text(reader.stream.text())));
            rows.push(members.collect::<Vec<_>>().join(" "));
        }
        (rows, notes.first().iter().map(|w| w.to_string()).collect())
    }

    #[test]
    fn rows_of_every_shape() {
        let cases: [(&str, bool, &[&str]); 14] = [
            ("{\"a\":1}\n\n{\"a\":2}", true, &["a=1", "a=2"]),
            ("{\"a\":1} {\"a\":2},\n{\"a\":3},\r\n", true, &["a=1", "a=2", "a=3"]),
            ("[{\"a\":1},{\"a\":2}]\n[{\"a\":3}]\n", true, &["a=1", "a=2", "a=3"]),
            ("[]", false, &[]),
            ("[\n  {\"a\": 1},\n  {\n \"a\" : 2 }\n]\n", false, &["a=1", "a=2"]),
            ("{\"a\":\n1}\n{\"a\":\n2}", false, &["a=1", "a=2"]),
            ("{\"Records\":[{\"a\":1},{\"a\":2}]}", false, &["a=1", "a=2"]),
            ("{ \"records\" : [ {\"a\":1} ] }\n{\"records\":[]}\n{\"records\":[{\"a\":2}]}", true, &["a=1", "a=2"]),
            ("{\"@odata.context\":\"c\",\"value\":[{\"a\":1}],\"@odata.nextLink\":\"n\"}", false, &["a=1"]),
            // No wrappers: other names, other values, no rows inside.
            ("{\"value\":[{\"a\":1}]}", false, &["value=[{\"a\":1}]"]),
            ("{\"Records\":[1]}", false, &["Records=[1]"]),
            ("{\"Records\":1,\"b\":2}", true, &["Records=1 b=2"]),
            ("{\"rows\":1}", true, &["rows=1"]),
            ("{}", true, &[""]),
        ];
        for (text, lines, expected) in cases {
            let (rows, notes) = read(text, lines, 1 << 20);
            assert_eq!((rows, notes), (expected.iter().map(ToString::to_string).collect(), vec![]), "{text}");
        }
    }

    #[test]
    fn broken_rows_are_named_and_skipped() {
        let cases: [(&str, bool, &[&str], &[&str]); 12] = [
            (
                "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
                true,
                &["a=1", "a=3"],
                &["f:2: broken row skipped: the text ends inside a value"],
            ),
            (
                "{\"a\":1}x\n{\"a\":2}\n",
                true,
                &["a=1", "a=2"],
                &["f:1: broken row skipped: a value is expected at `x`"],
            ),
            ("{\"a\":1}\n{\"a\":2", true, &["a=1"], &["f:2: broken row skipped: the text ends inside a value"]),
            (
                "5\n{\"a\":1}\n\"x\"\n",
                true,
                &["a=1"],
                &[
                    "f:1: value that is no object skipped: `5` is no object",
                    "f:3: value that is no object skipped: `\"x\"` is no object",
                ],
            ),
            (
                "[1,{\"a\":1},[2],\"x\"]",
                false,
                &["a=1"],
                &[
                    "f:1: value that is no object skipped: `1` is no object",
                    "f:1: value that is no object skipped: `[2]` is no object",
                    "f:1: value that is no object skipped: `\"x\"` is no object",
                ],
            ),
            (
                "[\n  {\"a\":1},\n  {\"b\":[\n    {\"c\" 1}]},\n  {\"a\":2}\n]",
                false,
                &["a=1", "a=2"],
                &["f:4: broken row skipped: `:` is expected at `1}]},`"],
            ),
            (
                "[{\"a\":1},{b},{\"a\":2}]",
                false,
                &["a=1"],
                &[
                    "f:1: broken row skipped: a member's name in quotes is expected at `b},{\"a\":2}]`",
                    "f:1: file ends early: what follows the broken row cannot be told apart",
                ],
            ),
            ("[{\"a\":1},\n{\"a\":", false, &["a=1"], &["f:2: file ends early: the text ends inside a value"]),
            ("[{\"a\":1}", false, &["a=1"], &["f:1: file ends early: the array of rows is not closed"]),
            (
                "{\"Records\":[{\"a\":1}],\"next\":[2]}",
                false,
                &["a=1"],
                &["f:1: member beside the rows not read: `\"next\":[2]}`"],
            ),
            (
                "{\"a\":\"0123456789012345678901234567890123456789\"}\n{\"a\":1}\n",
                true,
                &["a=1"],
                &["f:1: overlong row skipped: longer than 20 bytes"],
            ),
            (
                "[{\"a\":\"0123456789\\\"01234]}789012345678901234\",\"b\":[{}]}, {\"a\":1}]",
                false,
                &["a=1"],
                &["f:1: overlong row skipped: longer than 20 bytes"],
            ),
        ];
        for (text, lines, expected, warnings) in cases {
            let max = if warnings.iter().any(|w| w.contains("overlong")) { 20 } else { 1 << 20 };
            let (rows, notes) = read(text, lines, max);
            assert_eq!(rows, expected, "{text}");
            assert_eq!(notes, warnings, "{text}");
        }
    }
}
