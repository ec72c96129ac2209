//! Lines. Blank ones hold no record; a carriage return before the break is no part of the line.

use super::{Cut, Frame, ITEM_BYTES_MAX};
use crate::output::Reason;

#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Bytes in which there is no break.
    seen: usize,
    /// In a line that was too long already.
    is_skipping: bool,
}

impl Frame for Lines {
    fn cut(&mut self, bytes: &[u8], is_end: bool) -> Cut {
        let found = memchr::memchr(b'\n', bytes.get(self.seen..).unwrap_or(&[])).map(|n| self.seen + n);
        if self.is_skipping {
            self.seen = 0;
            self.is_skipping = found.is_none();
            return Cut::Skip(found.map_or(bytes.len(), |n| n + 1));
        }
        let end = found.unwrap_or(bytes.len());
        if end > ITEM_BYTES_MAX {
            self.seen = 0;
            self.is_skipping = true;
            let detail = "the line is longer than a record may be";
            return Cut::Reject { end: ITEM_BYTES_MAX, next: ITEM_BYTES_MAX, reason: Reason::Oversized, detail };
        }
        if found.is_none() && !is_end {
            self.seen = bytes.len();
            return Cut::Need;
        }
        self.seen = 0;
        let next = (end + 1).min(bytes.len());
        let line = bytes.get(..end).unwrap_or(bytes);
        if line.trim_ascii().is_empty() {
            return Cut::Skip(next);
        }
        let end = if line.ends_with(b"\r") { end - 1 } else { end };
        Cut::Item { start: 0, end, next }
    }

    fn is_skipping(&self) -> bool {
        self.is_skipping
    }
}
