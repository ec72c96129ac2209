//! The terms of a text: its maximal runs of letters and digits.

use std::ops::Range;

/// Shows every term of a text, in order, as a range of its bytes.
#[inline]
pub fn each_term(text: &str, visit: impl FnMut(Range<usize>)) {
    if text.is_ascii() { each_ascii_term(text.as_bytes(), visit) } else { each_unicode_term(text, visit) }
}

/// Bytes that are looked at together: one bit of a word for each.
const BLOCK: usize = 64;

fn each_ascii_term(bytes: &[u8], mut visit: impl FnMut(Range<usize>)) {
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
                Some(start) => visit(start..at),
            }
        }
    }
    // Nothing is open here: the tail does not fill its block, and a zero byte has ended the term.
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

fn each_unicode_term(text: &str, mut visit: impl FnMut(Range<usize>)) {
    let mut open = None;
    for (at, character) in text.char_indices() {
        match (open, character.is_alphanumeric()) {
            (None, true) => open = Some(at),
            (Some(start), false) => {
                open = None;
                visit(start..at);
            }
            _ => {}
        }
    }
    if let Some(start) = open {
        visit(start..text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        each_term(text, |range| out.push(&text[range]));
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn terms_are_what_stands_between_other_characters(text in "[a-cX0-9. _é⒦\"٣]{0,200}") {
            let expected: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|s| !s.is_empty()).collect();
            prop_assert_eq!(terms(&text), expected);
        }

        #[test]
        fn terms_of_ascii_texts_of_any_length(text in "[ -~]{0,300}") {
            let expected: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|s| !s.is_empty()).collect();
            prop_assert_eq!(terms(&text), expected);
        }
    }

    #[test]
    fn a_term_may_fill_blocks() {
        for len in [1, 63, 64, 65, 127, 128, 129] {
            let text = "a".repeat(len);
            assert_eq!(terms(&text), [&text[..]]);
        }
    }
}
