//! A file's bytes as UTF-8 text, a chunk at a time, in bounded memory.

use crate::warnings::{Notes, Reason};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use std::io::{ErrorKind, Read};

/// Bytes read at a time. Small enough to stay in the processor's second-level cache while it is parsed.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Where the text comes from.
pub(crate) struct TextStream {
    reader: Box<dyn Read + Send>,
    /// Decodes what is not UTF-8.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// Bytes of an incomplete character at the end of what was read, at the front of `raw`.
    pending: usize,
    text: String,
    at: usize,
    /// Line breaks in the text that was dropped.
    lines_dropped: u64,
    bytes_dropped: u64,
    /// The part of the current line that was dropped; `None` when it is long.
    prefix: Option<String>,
    /// Whether the reader is exhausted.
    ended: bool,
    /// Whether it ended by a fault: what looks like a broken row at the end is only cut off.
    pub cut: bool,
    lines: LineBase,
}

/// The number of lines before the stream's first byte.
pub(crate) enum LineBase {
    Known(u64),
    /// The stream begins inside a file: counted when a warning first needs a line.
    Later(Box<dyn Fn() -> Option<u64> + Send>),
}

impl TextStream {
    /// Opens a stream over bytes whose byte order mark has been skipped.
    pub fn new(reader: Box<dyn Read + Send>, encoding: &'static Encoding, lines: LineBase) -> TextStream {
        TextStream {
            reader,
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            raw: Vec::new(),
            pending: 0,
            text: String::new(),
            at: 0,
            lines_dropped: 0,
            bytes_dropped: 0,
            prefix: Some(String::new()),
            ended: false,
            cut: false,
            lines,
        }
    }

    /// Returns the text that is held; it changes with [`TextStream::fill`] only.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place in the text up to which it was taken.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the text not yet taken.
    pub fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Takes the text up to a place.
    pub fn take_to(&mut self, at: usize) {
        debug_assert!(at >= self.at && self.text.is_char_boundary(at));
        self.at = at;
    }

    /// Returns how many bytes of text were taken in all.
    pub fn taken(&self) -> u64 {
        self.bytes_dropped + self.at as u64
    }

    /// Takes text up to the next line break without holding it.
    pub fn skip_line(&mut self, packed: bool, notes: &mut Notes) -> std::io::Result<()> {
        loop {
            if let Some(n) = memchr::memchr(b'\n', self.rest().as_bytes()) {
                self.take_to(self.at + n + 1);
                return Ok(());
            }
            self.take_to(self.text.len());
            if !self.fill(packed, notes)? {
                return Ok(());
            }
        }
    }

    /// Returns whether no more text will come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Returns the line, from 1, of a place in the text; `None` when it cannot be found out.
    pub fn line(&mut self, at: usize) -> Option<u64> {
        if let LineBase::Later(count) = &self.lines {
            let before = count()?;
            self.lines = LineBase::Known(before);
        }
        let LineBase::Known(before) = self.lines else { return None };
        Some(before + self.lines_dropped + line_breaks(self.text.as_bytes().get(..at).unwrap_or(&[])) + 1)
    }

    /// Returns the text between the beginning of a place's line and the place; `None` when it is long.
    pub fn line_prefix(&self, at: usize) -> Option<String> {
        const LEN_MAX: usize = 256;
        let before = self.text.get(..at)?;
        let prefix = match before.rfind('\n') {
            Some(n) => before[n + 1..].to_string(),
            None if before.len() <= LEN_MAX => format!("{}{before}", self.prefix.as_ref()?),
            None => return None,
        };
        (prefix.len() <= LEN_MAX).then_some(prefix)
    }

    /// Drops the text that was taken and reads more: at least as much as is held, so that a row of any length is scanned
    /// a bounded number of times. Returns whether text was added.
    ///
    /// # Errors
    /// What the reader reports, unless `packed`: then damage counts as the file's end.
    pub fn fill(&mut self, packed: bool, notes: &mut Notes) -> std::io::Result<bool> {
        self.prefix = self.line_prefix(self.at);
        self.lines_dropped += line_breaks(&self.text.as_bytes()[..self.at]);
        self.bytes_dropped += self.at as u64;
        self.text.drain(..self.at);
        self.at = 0;
        let held = self.text.len();
        while !self.ended && self.text.len() == held {
            let want = CHUNK.max(held);
            self.raw.resize(self.pending + want, 0);
            let mut n = self.pending;
            let mut fault = None;
            while n < self.raw.len() {
                match self.reader.read(&mut self.raw[n..]) {
                    Ok(0) => {
                        self.ended = true;
                        break;
                    }
                    Ok(read) => n += read,
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) if packed => {
                        self.ended = true;
                        self.cut = true;
                        fault = Some(e);
                        break;
                    }
                    Err(e) => return Err(e),
                }
            }
            let raw = std::mem::take(&mut self.raw);
            self.pending = match &mut self.decoder {
                Some(_) => self.decode(&raw[..n], notes),
                None => self.check(&raw[..n], notes),
            };
            self.raw = raw;
            self.raw.copy_within(n - self.pending..n, 0);
            if let Some(fault) = fault {
                let line = self.line(self.text.len());
                notes.add(Reason::Truncated, None, || (line, format!("the compressed data break off: {fault}")));
            }
        }
        Ok(self.text.len() > held)
    }

    /// Adds UTF-8 bytes to the text, what is none replaced; returns how many bytes of a last, incomplete character remain.
    fn check(&mut self, mut bytes: &[u8], notes: &mut Notes) -> usize {
        loop {
            let error = match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.text.push_str(text);
                    return 0;
                }
                Err(error) => error,
            };
            let (good, bad) = bytes.split_at(error.valid_up_to());
            self.text.push_str(std::str::from_utf8(good).unwrap_or(""));
            let bad_bytes = match error.error_len() {
                Some(n) => n,
                None if !self.ended => return bad.len(),
                None => bad.len(),
            };
            self.replaced("UTF-8", notes);
            bytes = &bad[bad_bytes..];
        }
    }

    /// Decodes bytes onto the text; returns how many bytes remain undecoded (none: the decoder keeps its own state).
    fn decode(&mut self, mut bytes: &[u8], notes: &mut Notes) -> usize {
        let Some(mut decoder) = self.decoder.take() else { return 0 };
        let name = decoder.encoding().name();
        loop {
            let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
            self.text.reserve(room);
            let (result, used, replaced) = decoder.decode_to_string(bytes, &mut self.text, self.ended);
            if replaced {
                self.replaced(name, notes);
            }
            bytes = &bytes[used..];
            if result == CoderResult::InputEmpty {
                self.decoder = Some(decoder);
                return 0;
            }
        }
    }

    /// Notes bytes that were replaced near the end of the text, and stands U+FFFD for them when the decoder has not.
    fn replaced(&mut self, encoding: &str, notes: &mut Notes) {
        if self.decoder.is_none() && encoding == "UTF-8" {
            self.text.push('\u{FFFD}');
        }
        let end = self.text.len();
        let line = notes.wants_more(Reason::Encoding).then(|| self.line(end)).flatten();
        notes.add(Reason::Encoding, None, || (line, format!("not {encoding}; U+FFFD stands for what cannot be read")));
    }
}

/// Counts line breaks.
pub(crate) fn line_breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Gives out a few bytes at a time, then a fault.
    struct Slow(Vec<u8>, usize, Option<ErrorKind>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            if n == 0 {
                return self.2.take().map_or(Ok(0), |kind| Err(kind.into()));
            }
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    fn read(bytes: &[u8], encoding: &'static Encoding, fault: Option<ErrorKind>) -> (String, Vec<String>) {
        let file: Arc<str> = "f".into();
        let mut notes = Notes::new(&file, 0);
        let mut stream = TextStream::new(Box::new(Slow(bytes.to_vec(), 3, fault)), encoding, LineBase::Known(0));
        while stream.fill(true, &mut notes).unwrap() {}
        (stream.text().to_string(), notes.first().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn encodings() {
        let text = "aé€😀\nz";
        assert_eq!(read(text.as_bytes(), UTF_8, None), (text.to_string(), vec![]));
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16, encoding_rs::UTF_16LE, None), (text.to_string(), vec![]));
        let (text, notes) = read(b"ok\nM\xfcller\n\xe2\x82", UTF_8, None);
        assert_eq!(text, "ok\nM\u{FFFD}ller\n\u{FFFD}");
        assert_eq!(notes.len(), 2);
        assert_eq!(notes[0], "f:2: invalid bytes replaced: not UTF-8; U+FFFD stands for what cannot be read");
    }

    #[test]
    fn damage_of_packed_data_ends_the_text() {
        let (text, notes) = read(b"a\nb", UTF_8, Some(ErrorKind::UnexpectedEof));
        assert_eq!(text, "a\nb");
        assert!(notes[0].starts_with("f:2: file ends early: the compressed data break off"), "{notes:?}");
    }
}
