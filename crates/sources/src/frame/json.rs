//! JSON objects: one after the other, on lines or not, in an array, or in an array that a member of an object holds
//! (`{"records": [...]}`, `{"Records": [...]}`, `{"value": [...]}`).
//!
//! The grammar is followed byte by byte, so that a broken record is found where it breaks. Then the stream goes on at the next line
//! that begins with `{`: no broken record takes its neighbours with it.

use super::{Cut, Frame, ITEM_BYTES_MAX};
use crate::output::Reason;

/// Depth of nesting at most, as everywhere where JSON is read.
const DEPTH_MAX: usize = 500;
/// Bytes of a broken record in which the next one is sought from the beginning; in a longer one from the end.
const RETRY_BYTES_MAX: usize = 64 << 10;

/// What may come next inside a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value or the end of the array that was just opened.
    FirstValue,
    Key,
    /// A key or the end of the object that was just opened.
    FirstKey,
    Colon,
    CommaOrEnd,
    /// In a string; `true` for a key's, then whether the byte before was a backslash.
    String(bool, bool),
    /// In a number or word.
    Word,
}

/// Cuts off the objects.
#[derive(Debug)]
pub(crate) struct Values {
    wrappers: &'static [&'static str],
    /// Open brackets of the value at hand.
    open: Vec<u8>,
    next: Next,
    seen: usize,
    /// Where the last key at depth 1 is.
    key: (usize, usize),
    /// Brackets around the records: those of an array, or of an object and the array in it.
    around: Around,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// It breaks at this byte, and it is not known yet where to go on.
    Broken(usize),
    /// Behind the beginning of a value that was rejected for its length.
    Dropping,
    /// In a line whose beginning was rejected.
    SkippingLine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Array,
    /// In the array of an object that wraps it.
    Wrapped,
    /// In such an object, behind its array.
    Tail,
}

/// How far a value was followed.
enum Followed {
    Need,
    /// It ends before this byte.
    Done(usize),
    /// It cannot go on with this byte.
    Broken(usize),
    /// An array of records opens at this byte.
    Wrapper(usize),
}

impl Values {
    pub fn new(wrappers: &'static [&'static str]) -> Values {
        let around = Around::Nothing;
        Values { wrappers, open: Vec::new(), next: Next::Value, seen: 0, key: (0, 0), around, state: State::Reading }
    }

    fn reset(&mut self) {
        self.open.clear();
        self.next = Next::Value;
        self.seen = 0;
        self.key = (0, 0);
    }

    /// Follows a value from where it was left.
    fn follow(&mut self, bytes: &[u8]) -> Followed {
        while let Some(byte) = bytes.get(self.seen).copied() {
            let at = self.seen;
            if let Next::Word = self.next {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') {
                    self.seen += 1;
                    continue;
                }
                self.next = Next::CommaOrEnd;
                if self.open.is_empty() {
                    return Followed::Done(at);
                }
            }
            if let Next::String(is_key, is_escaped) = self.next {
                self.seen += 1;
                if is_escaped {
                    self.next = Next::String(is_key, false);
                    continue;
                }
                match byte {
                    b'"' => {
                        if is_key && self.open.len() == 1 {
                            self.key.1 = at;
                        }
                        self.next = if is_key { Next::Colon } else { Next::CommaOrEnd };
                        if self.open.is_empty() {
                            return Followed::Done(at + 1);
                        }
                    }
                    b'\\' => self.next = Next::String(is_key, true),
                    b'\n' => return Followed::Broken(at),
                    _ => {
                        // On to the next byte that means something.
                        let rest = bytes.get(self.seen..).unwrap_or(&[]);
                        self.seen += memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
                    }
                }
                continue;
            }
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                self.seen += 1;
                continue;
            }
            match (self.next, byte) {
                (Next::Value | Next::FirstValue, b'{' | b'[') => {
                    if byte == b'[' && self.open.as_slice() == b"{" && self.is_wrapper(bytes) {
                        return Followed::Wrapper(at + 1);
                    }
                    if self.open.len() >= DEPTH_MAX {
                        return Followed::Broken(at);
                    }
                    self.open.push(byte);
                    self.next = if byte == b'{' { Next::FirstKey } else { Next::FirstValue };
                }
                (Next::Value | Next::FirstValue, b'"') => self.next = Next::String(false, false),
                (Next::Key | Next::FirstKey, b'"') => {
                    if self.open.len() == 1 {
                        self.key = (at + 1, at + 1);
                    }
                    self.next = Next::String(true, false);
                }
                (Next::Value | Next::FirstValue, b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                    self.next = Next::Word
                }
                (Next::Colon, b':') => self.next = Next::Value,
                (Next::CommaOrEnd, b',') => {
                    self.next = if self.open.last() == Some(&b'{') { Next::Key } else { Next::Value };
                }
                (Next::CommaOrEnd | Next::FirstKey, b'}') if self.open.last() == Some(&b'{') => {
                    self.open.pop();
                    self.next = Next::CommaOrEnd;
                }
                (Next::CommaOrEnd | Next::FirstValue, b']') if self.open.last() == Some(&b'[') => {
                    self.open.pop();
                    self.next = Next::CommaOrEnd;
                }
                _ => return Followed::Broken(at),
            }
            self.seen += 1;
            if self.open.is_empty() && self.next == Next::CommaOrEnd {
                return Followed::Done(self.seen);
            }
        }
        Followed::Need
    }

    fn is_wrapper(&self, bytes: &[u8]) -> bool {
        let outside = matches!(self.around, Around::Nothing | Around::Tail);
        let key = bytes.get(self.key.0..self.key.1).unwrap_or(&[]);
        outside && self.wrappers.iter().any(|wrapper| wrapper.as_bytes() == key)
    }

    /// Rejects what begins here and breaks at a byte, once it is known where to go on.
    fn broken(&mut self, bytes: &[u8], at: usize, is_end: bool) -> Cut {
        let part = bytes.get(..=at).unwrap_or(bytes);
        let start = match at <= RETRY_BYTES_MAX {
            true => memchr::memmem::find(part, b"\n{"),
            false => memchr::memmem::rfind(part, b"\n{"),
        };
        let rest = bytes.get(at..ITEM_BYTES_MAX.min(bytes.len())).unwrap_or(&[]);
        let line = memchr::memchr(b'\n', rest);
        // In an array on one line the next record may follow on the same line.
        let is_inside = matches!(self.around, Around::Array | Around::Wrapped);
        let comma = memchr::memmem::find(rest, b"},{").filter(|n| is_inside && line.is_none_or(|line| *n < line));
        let next = match (start, comma, line) {
            (Some(n), ..) => n + 1,
            (None, Some(n), _) => at + n + 2,
            (None, None, Some(n)) => at + n + 1,
            (None, None, None) if at + rest.len() >= ITEM_BYTES_MAX => {
                self.state = State::SkippingLine;
                ITEM_BYTES_MAX
            }
            (None, None, None) if is_end => bytes.len(),
            (None, None, None) => {
                self.state = State::Broken(at);
                return Cut::Need;
            }
        };
        if !matches!(self.state, State::SkippingLine) {
            self.state = State::Reading;
        }
        self.reset();
        let part = bytes.get(..next).unwrap_or(bytes);
        let end = part.trim_ascii_end().len();
        Cut::Reject { end, next, reason: Reason::Malformed, detail: "it is no JSON" }
    }

    /// Goes on over an item that was rejected for its length.
    fn drop_rest(&mut self, bytes: &[u8]) -> Cut {
        let n = match self.follow(bytes) {
            Followed::Need => {
                self.seen = 0;
                return Cut::Skip(bytes.len());
            }
            Followed::Done(n) => {
                self.state = State::Reading;
                n
            }
            Followed::Broken(n) | Followed::Wrapper(n) => {
                self.state = State::SkippingLine;
                n
            }
        };
        self.reset();
        Cut::Skip(n)
    }

    fn read(&mut self, bytes: &[u8], is_end: bool) -> Cut {
        if self.seen == 0 && self.around != Around::Tail {
            let first = bytes.first().copied().unwrap_or(b' ');
            match (first, self.around) {
                (b' ' | b'\t' | b'\r' | b'\n' | b',', _) => {
                    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
                    return Cut::Skip(bytes.iter().take_while(|byte| is_blank(byte)).count());
                }
                (b'[', Around::Nothing) => {
                    self.around = Around::Array;
                    return Cut::Skip(1);
                }
                (b']', Around::Array) => {
                    self.around = Around::Nothing;
                    return Cut::Skip(1);
                }
                (b']', Around::Wrapped) => {
                    self.around = Around::Tail;
                    (self.open, self.next) = (vec![b'{'], Next::CommaOrEnd);
                    return Cut::Skip(1);
                }
                _ => {}
            }
        }
        let looked = bytes.len().min(ITEM_BYTES_MAX + 1);
        match self.follow(bytes.get(..looked).unwrap_or(bytes)) {
            Followed::Done(end) if self.around == Around::Tail => {
                self.reset();
                self.around = Around::Nothing;
                Cut::Skip(end)
            }
            Followed::Done(end) => {
                self.reset();
                if bytes.first() == Some(&b'{') {
                    return Cut::Item { start: 0, end, next: end };
                }
                Cut::Reject { end, next: end, reason: Reason::Malformed, detail: "it is no object" }
            }
            Followed::Wrapper(next) => {
                self.reset();
                self.around = Around::Wrapped;
                Cut::Skip(next)
            }
            Followed::Broken(at) => {
                if self.around == Around::Tail {
                    self.around = Around::Nothing;
                }
                self.broken(bytes, at, is_end)
            }
            Followed::Need if looked > ITEM_BYTES_MAX => {
                if self.around == Around::Tail {
                    self.around = Around::Nothing;
                }
                (self.seen, self.state) = (0, State::Dropping);
                let detail = "it is longer than a record may be";
                Cut::Reject { end: ITEM_BYTES_MAX, next: looked, reason: Reason::Oversized, detail }
            }
            // A number or word at the end of everything.
            Followed::Need if is_end && self.around != Around::Tail => {
                let last = bytes.len().saturating_sub(1);
                self.broken(bytes, last, is_end)
            }
            Followed::Need if is_end => Cut::Skip(bytes.len()),
            Followed::Need => Cut::Need,
        }
    }
}

impl Frame for Values {
    fn cut(&mut self, bytes: &[u8], is_end: bool) -> Cut {
        match self.state {
            State::SkippingLine => {
                let found = memchr::memchr(b'\n', bytes);
                if found.is_some() {
                    self.state = State::Reading;
                }
                Cut::Skip(found.map_or(bytes.len(), |n| n + 1))
            }
            State::Broken(at) => self.broken(bytes, at, is_end),
            State::Dropping => self.drop_rest(bytes),
            State::Reading => self.read(bytes, is_end),
        }
    }

    fn is_skipping(&self) -> bool {
        matches!(self.state, State::Dropping | State::SkippingLine)
    }
}
