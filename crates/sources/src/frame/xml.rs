//! Elements `<Event>` of XML, with or without a document around them.

use super::{Cut, Frame, ITEM_BYTES_MAX};
use crate::output::Reason;

const OPEN: &[u8] = b"<Event";
const CLOSE: &[u8] = b"</Event>";

/// Cuts off the elements.
#[derive(Debug, Default)]
pub(crate) struct Events {
    seen: usize,
    is_skipping: bool,
}

impl Events {
    /// Returns where the first element opens; not `<Events>`, which may stand around.
    fn opening(bytes: &[u8]) -> Option<usize> {
        memchr::memmem::find_iter(bytes, OPEN)
            .find(|at| matches!(bytes.get(at + OPEN.len()), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n')))
    }
}

impl Frame for Events {
    fn cut(&mut self, bytes: &[u8], is_end: bool) -> Cut {
        if self.seen == 0 && !self.is_skipping {
            match Events::opening(bytes) {
                Some(0) => {}
                // What stands before is a declaration, a document's beginning or end, or blanks.
                Some(at) => return between(bytes.get(..at).unwrap_or(&[])),
                None if is_end => return between(bytes),
                // The beginning of an element may be the last that came.
                None if bytes.len() <= ITEM_BYTES_MAX => return Cut::Need,
                None => return between(bytes.get(..ITEM_BYTES_MAX).unwrap_or(bytes)),
            }
        }
        let from = self.seen.saturating_sub(CLOSE.len());
        let looked = bytes.len().min(ITEM_BYTES_MAX);
        let found = memchr::memmem::find(bytes.get(from..looked).unwrap_or(&[]), CLOSE).map(|n| from + n + CLOSE.len());
        if let Some(end) = found {
            let was_skipping = std::mem::take(&mut self.is_skipping);
            self.seen = 0;
            return if was_skipping { Cut::Skip(end) } else { Cut::Item { start: 0, end, next: end } };
        }
        if bytes.len() > ITEM_BYTES_MAX {
            // The end may be cut by the limit, so that a part of it stays.
            let next = ITEM_BYTES_MAX - CLOSE.len();
            self.seen = 0;
            if std::mem::replace(&mut self.is_skipping, true) {
                return Cut::Skip(next);
            }
            let detail = "the event is longer than a record may be";
            return Cut::Reject { end: next, next, reason: Reason::Oversized, detail };
        }
        if !is_end {
            self.seen = bytes.len();
            return Cut::Need;
        }
        if self.is_skipping {
            return Cut::Skip(bytes.len());
        }
        let detail = "the event is not closed";
        Cut::Reject { end: bytes.trim_ascii_end().len(), next: bytes.len(), reason: Reason::Malformed, detail }
    }

    fn is_skipping(&self) -> bool {
        self.is_skipping
    }
}

/// Passes over what stands between events; text there is no event and not dropped.
fn between(bytes: &[u8]) -> Cut {
    let mut is_tag = false;
    let has_text = bytes.iter().any(|byte| {
        match byte {
            b'<' => is_tag = true,
            b'>' => {
                is_tag = false;
                return false;
            }
            _ => {}
        }
        !is_tag && !byte.is_ascii_whitespace()
    });
    if !has_text {
        return Cut::Skip(bytes.len());
    }
    let detail = "text between events";
    Cut::Reject { end: bytes.len(), next: bytes.len(), reason: Reason::Malformed, detail }
}
