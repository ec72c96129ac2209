//! Numbers of any width, one after the other, the lowest bit first.
//!
//! | code | bits of n |
//! |---|---|
//! | fixed(w) | the lowest w bits of n |
//! | unary | n zeros, a one |
//! | gamma | of n + 1: the number of bits after its first one, unary; those bits |
//! | rice(k) | n >> k, unary; the lowest k bits |

/// Writes codes.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet.
    rest: u64,
    rest_len: u32,
}

impl BitWriter {
    /// Writes the lowest bits of a number, at most 32 of them.
    pub fn fixed(&mut self, value: u64, width: u32) {
        self.rest |= (value & ((1 << width) - 1)) << self.rest_len;
        self.rest_len += width;
        while self.rest_len >= 8 {
            self.bytes.push(self.rest as u8);
            self.rest >>= 8;
            self.rest_len -= 8;
        }
    }

    pub fn unary(&mut self, mut value: u64) {
        while value >= 32 {
            self.fixed(0, 32);
            value -= 32;
        }
        self.fixed(0, value as u32);
        self.fixed(1, 1);
    }

    pub fn gamma(&mut self, value: u32) {
        let value = u64::from(value) + 1;
        let width = value.ilog2();
        self.unary(u64::from(width));
        self.fixed(value, width);
    }

    pub fn rice(&mut self, value: u64, k: u32) {
        self.unary(value >> k);
        self.fixed(value, k);
    }

    /// Fills the last byte; what follows begins with a byte of its own. Returns the bytes so far.
    pub fn align(&mut self) -> usize {
        let missing = (8 - self.rest_len) % 8;
        self.fixed(0, missing);
        self.bytes.len()
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}

/// Reads codes; `None` past the end and for numbers that no writer has written.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    /// Returns at least the next 57 bits; zeros stand for what is past the end.
    fn peek(&self) -> u64 {
        let byte = self.at / 8;
        let word = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(word) => u64::from_le_bytes(*word),
            None => {
                let tail = self.bytes.get(byte..).unwrap_or_default();
                tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            }
        };
        word >> (self.at % 8)
    }

    fn advance(&mut self, width: u32) -> Option<()> {
        self.at += width as usize;
        (self.at <= self.bytes.len() * 8).then_some(())
    }

    /// Reads at most 32 bits.
    pub fn fixed(&mut self, width: u32) -> Option<u64> {
        let value = self.peek() & ((1 << width) - 1);
        self.advance(width)?;
        Some(value)
    }

    pub fn unary(&mut self) -> Option<u64> {
        let mut value = 0;
        loop {
            let zeros = self.peek().trailing_zeros().min(56);
            value += u64::from(zeros);
            self.advance(zeros)?;
            if zeros < 56 {
                self.advance(1)?;
                return Some(value);
            }
        }
    }

    pub fn gamma(&mut self) -> Option<u32> {
        let width = u32::try_from(self.unary()?).ok().filter(|width| *width <= 32)?;
        let value = (1 << width | self.fixed(width)?) - 1;
        u32::try_from(value).ok()
    }

    pub fn rice(&mut self, k: u32) -> Option<u64> {
        let high = self.unary()?;
        Some(high << k | self.fixed(k)?)
    }

    /// Moves past bits.
    pub fn skip(&mut self, bits: usize) -> Option<()> {
        self.at = self.at.checked_add(bits)?;
        (self.at <= self.bytes.len() * 8).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Code {
        Fixed(u64, u32),
        Unary(u64),
        Gamma(u32),
        Rice(u64, u32),
    }

    fn codes() -> impl Strategy<Value = Vec<Code>> {
        let code = prop_oneof![
            (any::<u32>(), 0u32..=32).prop_map(|(v, w)| Code::Fixed(u64::from(v) & ((1 << w) - 1), w)),
            (0u64..200).prop_map(Code::Unary),
            any::<u32>().prop_map(Code::Gamma),
            (0u64..5000, 3u32..20).prop_map(|(v, k)| Code::Rice(v, k)),
        ];
        proptest::collection::vec(code, 0..60)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(codes in codes()) {
            let mut writer = BitWriter::default();
            for code in &codes {
                match *code {
                    Code::Fixed(value, width) => writer.fixed(value, width),
                    Code::Unary(value) => writer.unary(value),
                    Code::Gamma(value) => writer.gamma(value),
                    Code::Rice(value, k) => writer.rice(value, k),
                }
            }
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for code in &codes {
                match *code {
                    Code::Fixed(value, width) => prop_assert_eq!(reader.fixed(width), Some(value)),
                    Code::Unary(value) => prop_assert_eq!(reader.unary(), Some(value)),
                    Code::Gamma(value) => prop_assert_eq!(reader.gamma(), Some(value)),
                    Code::Rice(value, k) => prop_assert_eq!(reader.rice(k), Some(value)),
                }
            }
            prop_assert!(reader.skip(8).is_none());
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..40)) {
            let mut reader = BitReader::new(&bytes);
            while reader.gamma().and_then(|_| reader.rice(7)).and_then(|_| reader.fixed(3)).is_some() {}
        }
    }
}
