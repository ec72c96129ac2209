//! The terms of a text: its maximal runs of letters and digits.

use std::ops::Range;

/// Shows every term of a text, in order, as a range of its bytes.
#[inline]
pub fn each_term(text: &str, mut visit: impl FnMut(Range<usize>)) {
    any_term(text, |term| {
        visit(term);
        false
    });
}

/// Returns whether any term of a text, given as a range of its bytes, passes a test; looks no further then.
pub fn any_term(text: &str, test: impl FnMut(Range<usize>) -> bool) -> bool {
    if text.is_ascii() { any_ascii_term(text.as_bytes(), test) } else { any_unicode_term(text, test) }
}

/// Returns the longest term of a text, as a range of its bytes; the last one of several.
pub fn longest_term(text: &str) -> Option<Range<usize>> {
    let mut longest: Option<Range<usize>> = None;
    any_term(text, |term| {
        if longest.as_ref().is_none_or(|longest| term.len() >= longest.len()) {
            longest = Some(term);
        }
        false
    });
    longest
}

/// Bytes that are looked at together: one bit of a word for each.
const BLOCK: usize = 64;

fn any_ascii_term(bytes: &[u8], mut test: impl FnMut(Range<usize>) -> bool) -> bool {
    // Where the term begins that is open at the end of the blocks so far.
    let mut open = None;
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    if let Some(start) = last.get_mut(..tail.len()) {
        start.copy_from_slice(tail);
    }
    for (i, block) in blocks.iter().chain([&last]).enumerate() {
        let in_terms = alphanumerics(block);
        // A set bit is where a term begins or has just ended, in turn: no branch depends on single bytes.
        let mut edges = in_terms ^ (in_terms << 1 | u64::from(open.is_some()));
        while edges != 0 {
            let at = i * BLOCK + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            match open.take() {
                None => open = Some(at),
                Some(start) if test(start..at) => return true,
                Some(_) => {}
            }
        }
    }
    // Only when the tail fills its block; else a zero byte has ended the term.
    open.is_some_and(|start| test(start..bytes.len()))
}

/// Returns a word with bit n set where byte n is an ASCII letter or digit. The bytes must be ASCII.
fn alphanumerics(block: &[u8; BLOCK]) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let every = |byte: u8| u64::from_ne_bytes([byte; 8]);
    // Sets the high bit of each byte from `first` to `last`; no sum of 7-bit values carries into the next byte.
    let within = |word: u64, first: u8, last: u8| (word + every(0x80 - first)) & !(word + every(0x7F - last)) & HIGH;
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        let word = u64::from_le_bytes(*word);
        let hits = within(word | every(0x20), b'a', b'z') | within(word, b'0', b'9');
        // Gathers the eight high bits in the topmost byte.
        bits << 8 | (hits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

fn any_unicode_term(text: &str, mut test: impl FnMut(Range<usize>) -> bool) -> bool {
    let mut open = None;
    for (at, character) in text.char_indices() {
        match (open, character.is_alphanumeric()) {
            (None, true) => open = Some(at),
            (Some(start), false) => {
                open = None;
                if test(start..at) {
                    return true;
                }
            }
            _ => {}
        }
    }
    open.is_some_and(|start| test(start..text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        any_term(text, |term| {
            out.extend(text.get(term));
            false
        });
        out
    }

    proptest! {
        #[test]
        fn terms_are_what_other_characters_part(text in "[ -~]{0,300}|[a-z0-9]{60,70}|[a é⒦1]{0,20}|.{0,20}") {
            let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
            prop_assert_eq!(terms(&text), parts);
        }
    }

    #[test]
    fn every_ascii_character_is_told() {
        let all: String = (0..128u8).map(char::from).collect();
        assert_eq!(terms(&all), ["0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"]);
        assert_eq!(longest_term("a bcd efg h"), Some(6..9));
        assert_eq!(longest_term(".,"), None);
    }
}
