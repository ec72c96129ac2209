//! Rows of comma-separated text as RFC 4180 has it: a cell in quotes may hold commas, quotes (doubled) and line breaks.

use super::{Cut, Frame, ITEM_BYTES_MAX};
use crate::output::Reason;

#[derive(Debug, Default)]
pub(crate) struct Rows {
    seen: usize,
    place: Place,
    is_skipping: bool,
}

/// Where in a row a byte stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a cell in quotes: another one makes it a quote, anything else ends the quotes.
    Quote,
}

impl Rows {
    /// Goes on over bytes and returns where the row's break is.
    fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (i, byte) in bytes.iter().enumerate() {
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Quote,
                (Place::Quoted, _) => Place::Quoted,
                (Place::Quote | Place::CellStart, b'"') => Place::Quoted,
                (_, b'\n') => {
                    self.place = Place::CellStart;
                    return Some(i);
                }
                (_, b',') => Place::CellStart,
                _ => Place::Plain,
            };
        }
        None
    }
}

impl Frame for Rows {
    fn cut(&mut self, bytes: &[u8], is_end: bool) -> Cut {
        if self.is_skipping {
            let end = self.row_end(bytes);
            self.is_skipping = end.is_none();
            return Cut::Skip(end.map_or(bytes.len(), |n| n + 1));
        }
        let looked = bytes.len().min(ITEM_BYTES_MAX + 1);
        let end = self.row_end(bytes.get(self.seen..looked).unwrap_or(&[])).map(|n| self.seen + n);
        self.seen = looked;
        let Some(end) = end.or((is_end && looked == bytes.len()).then_some(looked)) else {
            if looked <= ITEM_BYTES_MAX {
                return Cut::Need;
            }
            // What follows up to the next break belongs to the row still.
            (self.seen, self.is_skipping) = (0, true);
            let detail = "the row is longer than a record may be";
            return Cut::Reject { end: ITEM_BYTES_MAX, next: looked, reason: Reason::Oversized, detail };
        };
        (self.seen, self.place) = (0, Place::CellStart);
        let next = (end + 1).min(bytes.len());
        let row = bytes.get(..end).unwrap_or(bytes);
        if row.trim_ascii().is_empty() {
            return Cut::Skip(next);
        }
        let end = if row.ends_with(b"\r") { end - 1 } else { end };
        Cut::Item { start: 0, end, next }
    }

    fn is_skipping(&self) -> bool {
        self.is_skipping
    }
}

/// Returns the cells of a row.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut rest = row;
    loop {
        let Some(inner) = rest.strip_prefix('"') else {
            match rest.split_once(',') {
                Some((cell, after)) => {
                    cells.push(cell.to_string());
                    rest = after;
                    continue;
                }
                None => {
                    cells.push(rest.to_string());
                    return cells;
                }
            }
        };
        let mut cell = String::new();
        let mut from = inner;
        let after = loop {
            let Some((part, after)) = from.split_once('"') else {
                cell.push_str(from);
                break "";
            };
            cell.push_str(part);
            match after.strip_prefix('"') {
                Some(after) => {
                    cell.push('"');
                    from = after;
                }
                None => break after,
            }
        };
        // What stands between the closing quote and the comma belongs to the cell.
        match after.split_once(',') {
            Some((tail, after)) => {
                cell.push_str(tail);
                cells.push(cell);
                rest = after;
            }
            None => {
                cell.push_str(after);
                cells.push(cell);
                return cells;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_cells() {
        assert_eq!(cells("a,,b"), ["a", "", "b"]);
        assert_eq!(cells("\"a,\"\"b\"\"\",\"x\ny\","), ["a,\"b\"", "x\ny", ""]);
        assert_eq!(cells("\"open, x"), ["open, x"]);
        assert_eq!(cells("\"a\"b,c"), ["ab", "c"]);
        assert_eq!(cells(""), [""]);
    }
}
