//! Cutting streams into items: lines, JSON values, rows of delimited text, elements of XML.
//!
//! A [`Frame`] looks at what has come so far and cuts off the first item, or says that it needs more. It never decides by where a
//! chunk ends, only by the bytes themselves, so that the same items come out however the stream is cut.

pub(crate) mod delimited;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod xml;

use crate::object::{Object, compact};
use crate::output::{Output, Reason};
use crate::source::Parser;

/// Bytes of one item at most; a longer one is rejected with its beginning.
pub const ITEM_BYTES_MAX: usize = 4 << 20;

/// What a frame found at the beginning of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cut {
    /// More bytes are needed.
    Need,
    /// Bytes that hold no record.
    Skip(usize),
    /// An item: its bytes, and how many are done with.
    Item { start: usize, end: usize, next: usize },
    /// Bytes that are no item, why, and how many are done with.
    Reject { end: usize, next: usize, reason: Reason, detail: &'static str },
}

/// Cuts a stream into items.
pub(crate) trait Frame: Send {
    /// Looks at bytes that begin where the last cut ended; `is_end` when no more come. May remember how far it has looked: until
    /// it cuts, the same bytes are shown again with more behind them.
    fn cut(&mut self, bytes: &[u8], is_end: bool) -> Cut;

    /// Returns whether it goes on over an item whose beginning was rejected.
    fn is_skipping(&self) -> bool;
}

/// Makes records of an item.
pub(crate) trait Convert: Send {
    /// Adds what an item says to the output: one or more records, or rejects. Nothing only where the item is no record by itself.
    fn item(&mut self, item: &str, out: &mut Output);

    /// Adds what remains when the stream ends.
    fn end(&mut self, _out: &mut Output) {}

    /// Returns whether it holds an item back, as the next ones may continue it.
    fn holds(&self) -> bool {
        false
    }

    /// Returns the header that holds for what follows, as it has to stand before that.
    fn header(&self) -> String {
        String::new()
    }
}

/// Converts by a function.
pub(crate) struct By<F>(pub F);

impl<F: FnMut(&str, &mut Output) + Send> Convert for By<F> {
    fn item(&mut self, item: &str, out: &mut Output) {
        (self.0)(item, out);
    }
}

/// A parser of a frame and what is made of its items.
pub(crate) struct Framed<F, C> {
    frame: F,
    convert: C,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are done with.
    at: usize,
    /// Bytes of the stream before the buffer.
    n_before: u64,
    /// Where in the stream a record begins that is held back, and one that was too long and may go on.
    held: Option<u64>,
    oversized: Option<u64>,
    is_begun: bool,
}

impl<F: Frame, C: Convert> Framed<F, C> {
    pub fn new(frame: F, convert: C) -> Framed<F, C> {
        let (held, oversized) = (None, None);
        Framed { frame, convert, buffer: Vec::new(), at: 0, n_before: 0, held, oversized, is_begun: false }
    }

    /// Returns where in the stream a byte of the buffer stands.
    fn place(&self, at: usize) -> u64 {
        self.n_before + at as u64
    }

    fn run(&mut self, is_end: bool, out: &mut Output) {
        if !self.is_begun {
            // The byte order mark is no part of the first item.
            const MARK: &[u8] = b"\xef\xbb\xbf";
            if self.buffer.len() < MARK.len() && !is_end {
                return;
            }
            self.is_begun = true;
            self.at = if self.buffer.starts_with(MARK) { MARK.len() } else { 0 };
        }
        loop {
            let bytes = self.buffer.get(self.at..).unwrap_or(&[]);
            if bytes.is_empty() || (out.is_full() && !is_end) {
                break;
            }
            out.begin_item();
            match self.frame.cut(bytes, is_end) {
                Cut::Need => break,
                // A frame that does not move would never end.
                Cut::Skip(n) => {
                    self.at += n.max(1);
                    self.oversized = self.oversized.filter(|_| self.frame.is_skipping());
                }
                Cut::Reject { end, next, reason, detail } => {
                    out.reject(reason, detail, bytes.get(..end).unwrap_or(bytes));
                    self.oversized = self.frame.is_skipping().then(|| self.place(self.at));
                    self.at += next.max(1);
                }
                Cut::Item { start, end, next } => {
                    self.oversized = None;
                    let item = bytes.get(start..end).unwrap_or(&[]);
                    match std::str::from_utf8(item) {
                        Ok(item) => {
                            let n_read = out.counts.read;
                            self.convert.item(item, out);
                            let is_continued = self.held.is_some() && out.counts.read == n_read;
                            self.held = match self.convert.holds() {
                                true if is_continued => self.held,
                                true => Some(self.n_before + self.at as u64),
                                false => None,
                            };
                        }
                        Err(error) => {
                            let detail = format!("byte {} of the record is not UTF-8", error.valid_up_to());
                            out.reject(Reason::Encoding, detail, item);
                        }
                    }
                    self.at += next.max(1);
                }
            }
        }
        self.at = self.at.min(self.buffer.len());
        self.n_before = self.place(self.at);
        self.buffer.drain(..self.at);
        self.at = 0;
    }
}

impl<F: Frame, C: Convert> Parser for Framed<F, C> {
    fn push(&mut self, bytes: &[u8], out: &mut Output) {
        self.buffer.extend_from_slice(bytes);
        self.run(false, out);
    }

    fn finish(&mut self, out: &mut Output) {
        self.run(true, out);
        self.convert.end(out);
    }

    fn n_held(&self) -> usize {
        let from = [self.held, self.oversized].into_iter().flatten().fold(self.n_before, u64::min);
        usize::try_from(self.place(self.buffer.len()) - from).unwrap_or(usize::MAX)
    }

    fn header(&self) -> String {
        self.convert.header()
    }
}

/// Returns a parser of lines.
pub(crate) fn of_lines(convert: impl Convert + 'static) -> Box<dyn Parser> {
    Box::new(Framed::new(lines::Lines::default(), convert))
}

/// Returns a parser of JSON objects: one after the other, in an array, or in one of the members of an object that wraps them.
pub(crate) fn of_json(wrappers: &'static [&'static str], convert: impl Convert + 'static) -> Box<dyn Parser> {
    Box::new(Framed::new(json::Values::new(wrappers), convert))
}

/// Returns a parser of JSON objects, as [`of_json`], whose members are read.
pub(crate) fn of_objects(
    wrappers: &'static [&'static str],
    mut convert: impl FnMut(Object<'_>, &str, &mut Output) + Send + 'static,
) -> Box<dyn Parser> {
    let convert = By(move |item: &str, out: &mut Output| {
        let json = compact(item);
        match json.as_deref().and_then(Object::of) {
            Some(object) => convert(object, item, out),
            None => out.reject(Reason::Malformed, "it is no JSON", item.as_bytes()),
        }
    });
    of_json(wrappers, convert)
}
