//! Where each message of a stream begins and ends.
//!
//! A message begins with its length and a blank, or ends with a line feed or a zero byte; which of both is decided for each message by
//! how it begins, because senders mix them. A length counts as one when a `<` follows, with which every message begins that has a
//! header: a line such as `404 not found` is a line.
//!
//! # Source
//! RFC 6587, section 3.4; RFC 5425, section 4.3.

/// Digits of a length at most.
const LENGTH_DIGITS_MAX: usize = 9;

/// A message, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub bytes: Vec<u8>,
    /// Why it is not whole; `None` when it is.
    pub fault: Option<Fault>,
}

/// Why a message is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than a message may be; its beginning is here.
    Oversized { length: u64 },
    /// The connection was over before the message was; `length` is how long it was to be, if that was said.
    Unfinished { length: Option<u64> },
}

impl Message {
    /// Returns a message that is whole.
    pub fn whole(bytes: Vec<u8>) -> Message {
        Message { bytes, fault: None }
    }
}

/// What the bytes that come next are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The beginning of a message, of which it is open how it ends.
    Beginning,
    /// A message of a known length.
    Counted { length: u64, left: u64 },
    /// A message up to a line's end; `length` bytes of it were seen.
    Line { length: u64 },
}

/// Cuts a stream into messages, however its bytes come.
#[derive(Debug)]
pub struct Framing {
    message_bytes_max: usize,
    state: State,
    /// What there is of the message that comes, no more than a message may have.
    kept: Vec<u8>,
}

impl Framing {
    /// Begins a stream. Of longer messages the beginning is kept.
    pub fn new(message_bytes_max: usize) -> Framing {
        // What could be a length is kept too, until it turns out to be one.
        let message_bytes_max = message_bytes_max.max(LENGTH_DIGITS_MAX + 1);
        Framing { message_bytes_max, state: State::Beginning, kept: Vec::new() }
    }

    /// Takes the next bytes and adds the messages that end in them.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Message>) {
        while let Some(first) = bytes.first() {
            bytes = match self.state {
                State::Beginning => {
                    if self.begin(*first) {
                        bytes.get(1..).unwrap_or_default()
                    } else {
                        bytes
                    }
                }
                State::Counted { length, left } => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let (these, rest) = bytes.split_at(here);
                    self.keep(these);
                    let left = left - here as u64;
                    self.state = State::Counted { length, left };
                    if left == 0 {
                        self.end(length, out);
                    }
                    rest
                }
                State::Line { length } => {
                    let end = memchr::memchr2(b'\n', 0, bytes);
                    let (these, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                    self.keep(these);
                    let length = length + these.len() as u64;
                    self.state = State::Line { length };
                    if end.is_some() {
                        self.end(length, out);
                    }
                    rest.get(1..).unwrap_or_default()
                }
            };
        }
    }

    /// Looks at a byte of which it is open what it belongs to; returns whether it is done with.
    fn begin(&mut self, byte: u8) -> bool {
        let n_digits = self.kept.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_after_blank = n_digits < self.kept.len();
        match byte {
            b'<' if is_after_blank => {
                let digits = self.kept.iter().take(n_digits);
                let length = digits.fold(0_u64, |length, digit| length * 10 + u64::from(digit - b'0'));
                self.kept.clear();
                self.state = State::Counted { length, left: length };
                return false;
            }
            b' ' if n_digits > 0 && !is_after_blank => self.kept.push(byte),
            b'1'..=b'9' if self.kept.is_empty() => self.kept.push(byte),
            b'0'..=b'9' if n_digits > 0 && !is_after_blank && n_digits < LENGTH_DIGITS_MAX => self.kept.push(byte),
            _ => {
                self.state = State::Line { length: self.kept.len() as u64 };
                return false;
            }
        }
        true
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.message_bytes_max.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// Ends a message of a length.
    fn end(&mut self, length: u64, out: &mut Vec<Message>) {
        let is_line = matches!(self.state, State::Line { .. });
        let bytes = std::mem::take(&mut self.kept);
        self.state = State::Beginning;
        let fault = (length > bytes.len() as u64).then_some(Fault::Oversized { length });
        // Lines without a message keep connections open, and follow messages of a length.
        if !(is_line && fault.is_none() && bytes.trim_ascii().is_empty()) {
            out.push(Message { bytes, fault });
        }
    }

    /// Says that no more bytes come. A line without an end is a message when its sender has closed the connection (`is_closed`), and
    /// unfinished else.
    pub fn finish(mut self, is_closed: bool, out: &mut Vec<Message>) {
        match self.state {
            State::Beginning if self.kept.is_empty() => {}
            State::Beginning | State::Line { .. } => {
                let length = if let State::Line { length } = self.state { length } else { self.kept.len() as u64 };
                self.state = State::Line { length };
                let before = out.len();
                self.end(length, out);
                if !is_closed && let Some(message) = out.get_mut(before) {
                    message.fault = message.fault.or(Some(Fault::Unfinished { length: None }));
                }
            }
            State::Counted { length, .. } => {
                let fault = Some(Fault::Unfinished { length: Some(length) });
                out.push(Message { bytes: self.kept, fault });
            }
        }
    }

    /// Returns whether no message has begun.
    pub fn is_between(&self) -> bool {
        self.state == State::Beginning && self.kept.is_empty()
    }

    /// Returns how long the message is that comes: as long as it says itself, else what was seen of it.
    pub fn length(&self) -> u64 {
        match self.state {
            State::Beginning => self.kept.len() as u64,
            State::Counted { length, .. } | State::Line { length } => length,
        }
    }
}
