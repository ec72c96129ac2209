//! What is indexed of a text: its terms, and a few longer pieces that say more than their terms do.
//!
//! | key | why |
//! |---|---|
//! | a term | `has` and its relatives search for whole terms |
//! | four numbers of one to three digits with points between them | each number of an address stands nearly everywhere, the address does not |
//! | `a.b@c`: two terms with one character between them that JSON never escapes, `@`, a term | the same of given names, surnames and domains |
//! | a whole short value | the same of `Add user` and `Delete user` |
//! | a mark that the text has some property | see [`Mark`] |
//!
//! Whether a piece is indexed depends on the bytes of the piece and of what touches it, and on nothing else: so a needle
//! that stands in a text with its first and last term whole has no piece that the text lacks. The terms of a GUID are the
//! exception: its three groups of four digits are not indexed, each of which would be another term in another row. Instead the
//! block is marked, and whoever looks for a term of four hexadecimal digits is sent to marked blocks too.
//!
//! Letters are folded within ASCII and nowhere else, as the operators do.

use crate::runs::each_term;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of the longest value that is indexed as a whole.
pub const VALUE_BYTES_MAX: usize = 128;

/// What a key stands for. The number is the seed of its hash and part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Term = 0,
    /// An IPv4 address, or four numbers out of a longer row of them.
    Address = 1,
    /// The part of a mail address or user name around its `@`.
    At = 2,
    /// A value as a whole.
    Value = 3,
    /// A property of a block's texts.
    Mark = 4,
}

/// A property of at least one text of a block. The number is what is hashed and part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A GUID, some of whose terms are not indexed.
    Guid = 0,
    /// A character outside ASCII. Which of them are letters depends on the version of Unicode.
    NonAscii = 1,
    /// Strings with escapes in them, whose terms after undoing those are not indexed: of a string column, a backslash or control
    /// character in a text; of a JSON column, a backslash in a string after undoing the escapes once.
    Escapes = 2,
}

/// The hash by which a key is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

impl Key {
    /// Makes the key of a piece of text whose ASCII letters are in lower case.
    #[inline]
    pub fn of(class: Class, folded: &[u8]) -> Key {
        Key(xxh3_64_with_seed(folded, class as u64))
    }

    /// Makes the key of a mark.
    pub fn mark(mark: Mark) -> Key {
        Key::of(Class::Mark, &[mark as u8])
    }
}

/// What a scan found on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scanned {
    /// There is a GUID.
    pub guid: bool,
    /// There is a GUID, an address or an `@`: whatever equals the text has that as well, and hardly anything else does.
    pub telling: bool,
}

/// Shows the pieces of a text that are indexed: its terms (but for the hidden ones of GUIDs), addresses and what is around an
/// `@`. ASCII letters must be in lower case.
#[inline]
pub fn scan(folded: &str, mut visit: impl FnMut(Class, Range<usize>)) -> Scanned {
    let bytes = folded.as_bytes();
    let mut scanned = Scanned::default();
    let mut hidden_until = 0;
    // Where the three terms before begin, where the last two end, and how many numbers with points between them end here.
    let mut starts = [0usize; 3];
    let mut ends = [usize::MAX - 1; 2];
    let mut numbers = 0u32;
    each_term(folded, |term| {
        let Range { start, end } = term;
        if start >= hidden_until {
            visit(Class::Term, start..end);
            if end - start == 8 && bytes.get(end) == Some(&b'-') && is_guid(folded, start) {
                hidden_until = start + GUID_BYTES;
                scanned.guid = true;
                scanned.telling = true;
            }
        } else if end == hidden_until {
            visit(Class::Term, start..end);
        }
        // One character between this term and the one before.
        let joint = if ends[0].wrapping_add(1) == start { bytes.get(ends[0]).copied() } else { None };
        if end - start <= 3 && bytes.get(start..end).is_some_and(|term| term.iter().all(u8::is_ascii_digit)) {
            numbers = if joint == Some(b'.') { numbers + 1 } else { 1 };
            if numbers >= 4 {
                visit(Class::Address, starts[2]..end);
                scanned.telling = true;
            }
        } else {
            numbers = 0;
        }
        let joint_before = || if ends[1].wrapping_add(1) == starts[0] { bytes.get(ends[1]).copied() } else { None };
        if joint == Some(b'@') && joint_before().is_some_and(|joint| !is_escaped_in_json(joint)) {
            visit(Class::At, starts[1]..end);
            scanned.telling = true;
        }
        starts = [start, starts[0], starts[1]];
        ends = [end, ends[0]];
    });
    scanned
}

/// Returns whether JSON may write a character as an escape. One that it may is in no key: the text would have the key in one
/// form and not in the other.
fn is_escaped_in_json(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'/')
}

/// Bytes of a GUID's text: 8, 4, 4, 4 and 12 digits and the strokes between.
const GUID_BYTES: usize = 36;

/// Returns whether a GUID begins here and ends with its last term.
fn is_guid(folded: &str, start: usize) -> bool {
    let Some(text) = folded.as_bytes().get(start..start + GUID_BYTES) else { return false };
    let is_one = text.iter().enumerate().all(|(i, byte)| match i {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => is_hex(*byte),
    });
    is_one && !folded.get(start + GUID_BYTES..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// Returns whether a term may be one of those of a GUID that are not indexed.
pub fn may_hide_in_guid(folded_term: &[u8]) -> bool {
    folded_term.len() == 4 && folded_term.iter().all(|byte| is_hex(*byte))
}

/// Returns whether a value is indexed as a whole, given what a scan of it found. A value of one term is not: the term is.
pub fn is_whole_key(folded: &str, scanned: Scanned) -> bool {
    let one_term = || folded.chars().all(char::is_alphanumeric);
    !folded.is_empty() && folded.len() <= VALUE_BYTES_MAX && !scanned.telling && !one_term()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(Class, &str)> {
        let mut out = Vec::new();
        scan(text, |class, range| out.push((class, &text[range])));
        out
    }

    fn terms<'a>(terms: &[&'a str]) -> Vec<(Class, &'a str)> {
        terms.iter().map(|term| (Class::Term, *term)).collect()
    }

    #[test]
    fn guids_keep_their_first_and_last_term() {
        let guid = "ad67d136-c1db-4f9f-88ef-d94f3b6b0b5a";
        assert_eq!(pieces(guid), terms(&["ad67d136", "d94f3b6b0b5a"]));
        let beside = format!("x-{guid}/{guid}_1");
        let expected = terms(&["x", "ad67d136", "d94f3b6b0b5a", "ad67d136", "d94f3b6b0b5a", "1"]);
        assert_eq!(pieces(&beside), expected);
        for no_guid in [format!("{guid}0"), format!("{guid}é"), guid.replace('f', "g"), guid.replacen('-', "_", 2)] {
            assert_eq!(pieces(&no_guid).len(), 5, "{no_guid}");
        }
        assert!(may_hide_in_guid(b"c1db"));
        assert!(!may_hide_in_guid(b"c1dg"));
        assert!(!may_hide_in_guid(b"ad67d136"));
    }

    #[test]
    fn addresses_are_pieces_of_their_own() {
        let addresses = |text: &'static str| -> Vec<&str> {
            pieces(text).into_iter().filter(|(class, _)| *class == Class::Address).map(|(_, text)| text).collect()
        };
        assert_eq!(addresses("from 10.1.2.3:443"), ["10.1.2.3"]);
        assert_eq!(addresses("1.2.3.4.5"), ["1.2.3.4", "2.3.4.5"]);
        assert_eq!(addresses("v1.2.3.4"), [] as [&str; 0]);
        assert_eq!(addresses("1.2.3 4.5.6.7"), ["4.5.6.7"]);
        assert_eq!(addresses("1.2..3.4"), [] as [&str; 0]);
        assert_eq!(addresses("1.2.3.4444"), [] as [&str; 0]);
    }

    #[test]
    fn what_is_around_an_at_is_a_piece() {
        let around = |text: &'static str| -> Vec<&str> {
            pieces(text).into_iter().filter(|(class, _)| *class == Class::At).map(|(_, text)| text).collect()
        };
        assert_eq!(around("to lena.moreau@northwind.example"), ["lena.moreau@northwind"]);
        assert_eq!(around("a b@c"), ["a b@c"]);
        assert_eq!(around("root@host"), [] as [&str; 0]);
        assert_eq!(around("a..b@c a/b@c"), [] as [&str; 0]);
        assert_eq!(around("a.b@ c"), [] as [&str; 0]);
    }

    #[test]
    fn short_values_of_several_terms_are_keys() {
        let whole = |text: &str| is_whole_key(text, scan(text, |_, _| {}));
        assert!(whole("delete user"));
        assert!(whole("-"));
        assert!(!whole(""));
        assert!(!whole("user"));
        assert!(!whole("10.1.2.3"));
        assert!(!whole(&"a ".repeat(65)));
    }
}
