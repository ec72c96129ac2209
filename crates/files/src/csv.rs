//! Delimited text: where the cells of a record are, and which delimiter a file uses.
//!
//! RFC 4180 with the usual leniencies: `\n` and `\r\n` end a record, blank lines are skipped, text after a closing quote is
//! part of the cell, a quote inside an unquoted cell is an ordinary character.

/// One cell's place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub start: usize,
    pub end: usize,
    pub quoting: Quoting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// The text is the cell.
    Plain,
    /// The text holds quotes that are not part of the cell; see [`unquote`].
    Marked,
}

impl Cell {
    /// The cell that a short record lacks.
    pub const MISSING: Cell = Cell { start: 0, end: 0, quoting: Quoting::Plain };

    /// Returns the cell's text with its quoting undone, in `scratch` where it must be changed for that.
    pub fn text<'a>(&self, text: &'a str, scratch: &'a mut String) -> &'a str {
        let raw = text.get(self.start..self.end).unwrap_or("");
        match self.quoting {
            Quoting::Plain => raw,
            Quoting::Marked => {
                scratch.clear();
                unquote(raw, scratch);
                scratch
            }
        }
    }
}

/// What was found at a record's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A record of `cells` cells; the next one begins at `next`.
    Record { cells: usize, next: usize },
    /// The text ends inside the record; `quoted` when inside a quoted cell.
    Unfinished { quoted: bool },
}

/// Finds the cells of the record that begins at `start` and hands them over with their places in the record. When the
/// text has `ended`, its end ends the record too, except inside a quoted cell.
#[inline]
pub fn record(text: &str, start: usize, delimiter: u8, ended: bool, mut cell: impl FnMut(usize, Cell)) -> Step {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut n = 0;
    loop {
        let found =
            if bytes.get(at) == Some(&b'"') { quoted(bytes, at, delimiter) } else { plain(bytes, at, delimiter) };
        let Some((found, stop)) = found else { return Step::Unfinished { quoted: true } };
        if stop == bytes.len() && !ended {
            return Step::Unfinished { quoted: false };
        }
        if bytes.get(stop) == Some(&delimiter) {
            cell(n, found);
            n += 1;
            at = stop + 1;
            continue;
        }
        let mut last = found;
        let is_enclosed = bytes.get(at) == Some(&b'"') && found.quoting == Quoting::Plain;
        if !is_enclosed && last.end > last.start && bytes[last.end - 1] == b'\r' {
            last.end -= 1;
        }
        cell(n, last);
        return Step::Record { cells: n + 1, next: (stop + 1).min(bytes.len()) };
    }
}

/// Finds an unquoted cell; returns it and the place of the delimiter, line break or end after it.
#[inline]
fn plain(bytes: &[u8], start: usize, delimiter: u8) -> Option<(Cell, usize)> {
    let rest = &bytes[start..];
    let stop = start + memchr::memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
    Some((Cell { start, end: stop, quoting: Quoting::Plain }, stop))
}

/// Finds a quoted cell; `None` when its closing quote is not in the text.
fn quoted(bytes: &[u8], start: usize, delimiter: u8) -> Option<(Cell, usize)> {
    let mut at = start + 1;
    let mut doubled = false;
    loop {
        at += memchr::memchr(b'"', &bytes[at..])?;
        if bytes.get(at + 1) == Some(&b'"') {
            doubled = true;
            at += 2;
            continue;
        }
        let after = at + 1;
        let is_end = match bytes.get(after) {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(bytes.get(after + 1), None | Some(b'\n')),
            Some(b) => *b == delimiter,
        };
        if is_end && !doubled {
            let stop = after + usize::from(bytes.get(after) == Some(&b'\r') && delimiter != b'\r');
            return Some((Cell { start: start + 1, end: at, quoting: Quoting::Plain }, stop.min(bytes.len())));
        }
        let (_, stop) = plain(bytes, after, delimiter)?;
        return Some((Cell { start, end: stop, quoting: Quoting::Marked }, stop));
    }
}

/// Appends a cell without its enclosing quotes and with doubled ones single; text after the closing quote is kept.
fn unquote(raw: &str, out: &mut String) {
    let mut rest = raw.strip_prefix('"').unwrap_or(raw);
    while let Some(at) = rest.find('"') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                out.push('"');
                rest = after;
            }
            None => break,
        }
    }
    out.push_str(rest);
}

/// The delimiters that are looked for.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Returns the delimiter that a first line `sep=;`, as Excel writes it, names, and the length of that line.
pub(crate) fn separator_line(text: &str) -> Option<(u8, usize)> {
    let line = text.lines().next()?;
    let delimiter = line.strip_prefix("sep=")?.as_bytes();
    let len = text.find('\n')? + 1;
    (delimiter.len() == 1 && !matches!(delimiter[0], b'"' | b'\r')).then(|| (delimiter[0], len))
}

/// Returns the delimiter that splits the header into the most cells; `None` when none splits it.
pub(crate) fn delimiter(text: &str) -> Option<u8> {
    if let Some((delimiter, _)) = separator_line(text) {
        return Some(delimiter);
    }
    let cells = |delimiter: u8| match record(text, 0, delimiter, true, |_, _| {}) {
        Step::Record { cells, .. } => cells,
        Step::Unfinished { .. } => 0,
    };
    // Of equals the first wins.
    DELIMITERS.into_iter().rev().max_by_key(|d| cells(*d)).filter(|d| cells(*d) > 1)
}

/// Records looked at when only the content says that a file is delimited.
const RECORDS_LOOKED_AT: usize = 20;

/// Returns the delimiter of a file whose name does not say that it is delimited: every record must have the header's
/// number of cells, at least two, and the header's cells must look like names.
pub(crate) fn confident_delimiter(text: &str, whole: bool) -> Option<u8> {
    DELIMITERS.into_iter().find(|delimiter| {
        let mut at = 0;
        let mut width = 0;
        let mut n = 0;
        while at < text.len() && n < RECORDS_LOOKED_AT {
            let mut names = true;
            let mut scratch = String::new();
            let step = record(text, at, *delimiter, whole, |_, cell| names &= is_name(cell.text(text, &mut scratch)));
            let Step::Record { cells, next } = step else { break };
            let fits = if n == 0 { cells > 1 && names } else { cells == width };
            if !fits {
                return false;
            }
            width = cells;
            n += 1;
            at = next;
        }
        n > 1
    })
}

/// Returns whether a header's cell looks like a column's name.
fn is_name(cell: &str) -> bool {
    let first = cell.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '$' | '@' | '#'));
    first && cell.len() <= 128 && cell.split_whitespace().count() <= 5 && !cell.contains([':', '=', '{', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let mut cells = Vec::new();
            let mut scratch = String::new();
            match record(text, at, b',', true, |_, cell| cells.push(cell.text(text, &mut scratch).to_string())) {
                Step::Record { next, .. } => at = next,
                Step::Unfinished { .. } => return out,
            }
            out.push(cells);
        }
        out
    }

    #[test]
    fn cells_of_records() {
        let cases: [(&str, &[&[&str]]); 10] = [
            ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\r\n1,\r\n", &[&["a", "b"], &["1", ""]]),
            ("\"a,1\",\"b\nc\"\r\nx,y", &[&["a,1", "b\nc"], &["x", "y"]]),
            ("\"say \"\"hi\"\"\",\"\"\n", &[&["say \"hi\"", ""]]),
            ("\"a\"b,c\"d\n", &[&["ab", "c\"d"]]),
            ("\"\"\"\",\"a\"\r\n", &[&["\"", "a"]]),
            (",,\n", &[&["", "", ""]]),
            ("é,\"ü\"", &[&["é", "ü"]]),
            ("\"a\rb\",c\n", &[&["a\rb", "c"]]),
            ("\"open,1\n2,3\n", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(records(text), expected, "{text:?}");
        }
    }

    #[test]
    fn unfinished_records_wait_for_more() {
        assert_eq!(record("a,b", 0, b',', false, |_, _| {}), Step::Unfinished { quoted: false });
        assert_eq!(record("a,\"b", 0, b',', true, |_, _| {}), Step::Unfinished { quoted: true });
        assert_eq!(record("a,\"b\"", 0, b',', false, |_, _| {}), Step::Unfinished { quoted: false });
        assert_eq!(record("a,\"b\"\r", 0, b',', false, |_, _| {}), Step::Unfinished { quoted: false });
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter("a;b;c,d\n"), Some(b';'));
        assert_eq!(delimiter("sep=|\na|b\n"), Some(b'|'));
        assert_eq!(delimiter("single\n"), None);
        assert_eq!(confident_delimiter("Name, Value\n1,2\n", true), None);
        assert_eq!(confident_delimiter("Name,Value\n1,2\n", true), Some(b','));
        assert_eq!(confident_delimiter("Name,Value\n1,2\n3\n", true), None);
        assert_eq!(confident_delimiter("Name,Value\n", true), None);
    }
}
