//! Searching one text in another: the kernel under `contains`, `has` and their relatives.
//!
//! A [`Needle`] is prepared once per batch and then asked once per row; asking allocates nothing. Letters match without
//! regard to case only within ASCII, as the reference says ("The case-insensitive in~ string operator": other letters
//! are compared as they are), which lets all of it work on bytes.

use memchr::{memchr, memchr2, memmem};

/// Whether `A` and `a` are one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Sensitive,
    Insensitive,
}

/// Where in a text a needle counts as found. A term is a maximal run of letters and digits.
///
/// # Source
/// Kusto reference, "String operators", "What is a term?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere: `contains`.
    Anywhere,
    /// Not cutting a term at either end: `has`.
    WholeTerms,
    /// Not cutting a term where the needle begins: `hasprefix`.
    TermStart,
    /// Not cutting a term where the needle ends: `hassuffix`.
    TermEnd,
}

/// A text to search for.
#[derive(Debug, Clone)]
pub struct Needle {
    finder: Finder,
    len: usize,
    /// The needle begins with a letter or digit and must not have one before it.
    guard_start: bool,
    /// The needle ends with a letter or digit and must not have one after it.
    guard_end: bool,
}

impl Needle {
    /// Prepares a search. An empty needle is found in every text.
    pub fn new(text: &str, case: Case, place: Place) -> Needle {
        let starts = matches!(place, Place::WholeTerms | Place::TermStart);
        let ends = matches!(place, Place::WholeTerms | Place::TermEnd);
        Needle {
            finder: Finder::new(text.as_bytes(), case),
            len: text.len(),
            guard_start: starts && text.chars().next().is_some_and(char::is_alphanumeric),
            guard_end: ends && text.chars().next_back().is_some_and(char::is_alphanumeric),
        }
    }

    /// Returns whether the needle is found in a text.
    pub fn is_in(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(at) = self.finder.find(text.as_bytes(), from) {
            if self.stands_alone(text, at) {
                return true;
            }
            from = at + 1;
        }
        false
    }

    /// Returns whether the occurrence at `at` cuts no term that it must not cut.
    fn stands_alone(&self, text: &str, at: usize) -> bool {
        !(self.guard_start && term_goes_on_before(text, at)
            || self.guard_end && term_goes_on_after(text, at + self.len))
    }
}

/// Returns whether a letter or digit stands just before a place.
pub fn term_goes_on_before(text: &str, at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| text.as_bytes().get(before)) {
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => text.get(..at).and_then(|head| head.chars().next_back()).is_some_and(char::is_alphanumeric),
        None => false,
    }
}

/// Returns whether a letter or digit stands at a place.
pub fn term_goes_on_after(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric(),
        Some(_) => text.get(at..).and_then(|tail| tail.chars().next()).is_some_and(char::is_alphanumeric),
        None => false,
    }
}

/// Finds bytes in bytes.
#[derive(Debug, Clone)]
enum Finder {
    /// Nothing to look for: found at once.
    Empty,
    Byte(u8),
    /// One letter, in its lower and its upper case.
    Letter(u8, u8),
    /// The case counts, or there are no letters.
    Exact(Box<memmem::Finder<'static>>),
    AnyCase(AnyCase),
}

impl Finder {
    fn new(needle: &[u8], case: Case) -> Finder {
        let folds = case == Case::Insensitive && needle.iter().any(u8::is_ascii_alphabetic);
        match needle {
            [] => Finder::Empty,
            [byte] if folds => Finder::Letter(byte.to_ascii_lowercase(), byte.to_ascii_uppercase()),
            [byte] => Finder::Byte(*byte),
            _ if folds => Finder::AnyCase(AnyCase::new(needle)),
            _ => Finder::Exact(Box::new(memmem::Finder::new(needle).into_owned())),
        }
    }

    /// Returns the first occurrence that begins at `from` or later.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let at = match self {
            Finder::Empty => 0,
            Finder::Byte(byte) => memchr(*byte, rest)?,
            Finder::Letter(lower, upper) => memchr2(*lower, *upper, rest)?,
            Finder::Exact(finder) => finder.find(rest)?,
            Finder::AnyCase(finder) => finder.find(rest)?,
        };
        Some(from + at)
    }
}

/// Finds two or more bytes without regard to ASCII case.
///
/// Two rare bytes of the needle are looked for at their distance from each other, many places of the text at a time;
/// only where both stand is the needle compared. The loops over whole blocks have no branches, so that the compiler turns
/// them into vector instructions.
#[derive(Debug, Clone)]
struct AnyCase {
    needle: Box<[u8]>,
    first: Probe,
    second: Probe,
}

/// One byte of the needle.
#[derive(Debug, Clone, Copy)]
struct Probe {
    offset: usize,
    /// The byte, in lower case.
    byte: u8,
    /// What is or-ed to a text's byte before comparing: the case bit for a letter, else nothing.
    case_bit: u8,
}

/// Places of the text that are looked at together.
const BLOCK: usize = 64;
const SMALL_BLOCK: usize = 16;

impl AnyCase {
    fn new(needle: &[u8]) -> AnyCase {
        let needle = needle.to_ascii_lowercase().into_boxed_slice();
        let probe = |offset: usize, byte: u8| Probe {
            offset,
            byte,
            case_bit: if byte.is_ascii_lowercase() { 0x20 } else { 0 },
        };
        let rarest_but = |taken: Option<usize>| {
            let left = needle.iter().enumerate().filter(|(offset, _)| Some(*offset) != taken);
            left.min_by_key(|(_, byte)| commonness(**byte)).map_or(probe(0, 0), |(offset, byte)| probe(offset, *byte))
        };
        let first = rarest_but(None);
        let second = rarest_but(Some(first.offset));
        AnyCase { needle, first, second }
    }

    fn find(&self, text: &[u8]) -> Option<usize> {
        // Places where the needle can begin: 0 to `places` - 1. Byte i of a probe's slice belongs to place i.
        let places = text.len().checked_sub(self.needle.len())? + 1;
        let firsts = text.get(self.first.offset..)?.get(..places)?;
        let seconds = text.get(self.second.offset..)?.get(..places)?;
        if places < SMALL_BLOCK {
            return self.find_one_by_one(text, firsts, seconds, 0);
        }
        let mut at = 0;
        let (blocks, _) = firsts.as_chunks::<BLOCK>();
        let (other_blocks, _) = seconds.as_chunks::<BLOCK>();
        for (a, b) in blocks.iter().zip(other_blocks) {
            if self.any(a, b)
                && let Some(hit) = self.find_one_by_one(text, a, b, at)
            {
                return Some(hit);
            }
            at += BLOCK;
        }
        while at < places {
            // The last small block may reach back over places already looked at.
            let start = at.min(places - SMALL_BLOCK);
            let a = firsts.get(start..)?.first_chunk::<SMALL_BLOCK>()?;
            let b = seconds.get(start..)?.first_chunk::<SMALL_BLOCK>()?;
            if self.any(a, b)
                && let Some(hit) = self.find_one_by_one(text, a, b, start)
            {
                return Some(hit);
            }
            at = start + SMALL_BLOCK;
        }
        None
    }

    /// Returns whether both probes stand at any place of a block.
    fn any<const N: usize>(&self, firsts: &[u8; N], seconds: &[u8; N]) -> bool {
        let mut hits = 0;
        for i in 0..N {
            let first = firsts[i] | self.first.case_bit;
            let second = seconds[i] | self.second.case_bit;
            hits |= u8::from(first == self.first.byte) & u8::from(second == self.second.byte);
        }
        hits != 0
    }

    /// Returns the first occurrence among the places of two slices whose first place is `base`.
    fn find_one_by_one(&self, text: &[u8], firsts: &[u8], seconds: &[u8], base: usize) -> Option<usize> {
        let pairs = firsts.iter().zip(seconds).enumerate();
        for (i, (a, b)) in pairs {
            let stand = a | self.first.case_bit == self.first.byte && b | self.second.case_bit == self.second.byte;
            if stand
                && let Some(candidate) = text.get(base + i..base + i + self.needle.len())
                && candidate.eq_ignore_ascii_case(&self.needle)
            {
                return Some(base + i);
            }
        }
        None
    }
}

/// Bytes of logs and JSON text, the commonest first; letters stand for both cases.
const COMMON: &[u8] = b"\"e0t1ainrs,:od2l-c.3p4m5u6/8f79hgb_ \\{}vywkxjzq[]=+()%&?;'";

/// Returns how common a byte is in logs: higher is commoner, 0 for those not listed.
fn commonness(byte: u8) -> usize {
    COMMON.iter().position(|common| *common == byte).map_or(0, |rank| COMMON.len() - rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the operators mean, written down without regard to speed.
    fn naive(text: &str, needle: &str, case: Case, place: Place) -> bool {
        let fold = |text: &str| -> Vec<char> {
            let keep = |c: char| if case == Case::Insensitive { c.to_ascii_lowercase() } else { c };
            text.chars().map(keep).collect()
        };
        let (text, needle) = (fold(text), fold(needle));
        (0..=text.len()).any(|at| {
            let Some(part) = text.get(at..at + needle.len()) else { return false };
            let cut = |left: Option<&char>, right: Option<&char>| {
                left.is_some_and(|c| c.is_alphanumeric()) && right.is_some_and(|c| c.is_alphanumeric())
            };
            let before = at.checked_sub(1).and_then(|i| text.get(i));
            let cuts_start = cut(before, needle.first());
            let cuts_end = cut(needle.last(), text.get(at + needle.len()));
            part == needle.as_slice()
                && match place {
                    Place::Anywhere => true,
                    Place::WholeTerms => !cuts_start && !cuts_end,
                    Place::TermStart => !cuts_start,
                    Place::TermEnd => !cuts_end,
                }
        })
    }

    const CASES: [Case; 2] = [Case::Sensitive, Case::Insensitive];
    const PLACES: [Place; 4] = [Place::Anywhere, Place::WholeTerms, Place::TermStart, Place::TermEnd];

    fn agrees(text: &str, needle: &str) -> Result<(), TestCaseError> {
        for case in CASES {
            for place in PLACES {
                let found = Needle::new(needle, case, place).is_in(text);
                prop_assert_eq!(
                    found,
                    naive(text, needle, case, place),
                    "{:?} in {:?}, {:?}, {:?}",
                    needle,
                    text,
                    case,
                    place
                );
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn kernels_agree_with_the_definition(text in "[abAB1. é]{0,90}", needle in "[abAB1. é]{0,4}") {
            agrees(&text, &needle)?;
        }

        #[test]
        fn needles_taken_from_the_text_agree(text in "[a-cA-C0 _.\"é⒦K]{0,200}", from in 0usize..200, len in 0usize..12) {
            let needle: String = text.chars().skip(from).take(len).collect();
            agrees(&text, &needle)?;
        }

        #[test]
        fn any_text_agrees(text in ".{0,60}", needle in ".{0,3}") {
            agrees(&text, &needle)?;
        }
    }

    #[test]
    fn terms_are_runs_of_letters_and_digits() {
        let cases = [
            ("North America", "america", true),
            ("North America", "amer", false),
            ("foo_bar", "bar", true),
            ("ad67d136-c1db", "c1db", true),
            ("x10.1.2.34", "10.1.2.3", false),
            ("(10.1.2.3)", "10.1.2.3", true),
            ("bare bar", "bar", true),
            ("abc", "", true),
            ("", "", true),
            ("", "a", false),
            ("a..b", ".b", true),
            ("été", "t", false),
            ("é t é", "t", true),
        ];
        for (text, needle, found) in cases {
            assert_eq!(
                Needle::new(needle, Case::Insensitive, Place::WholeTerms).is_in(text),
                found,
                "{text} has {needle}"
            );
        }
    }

    #[test]
    fn every_place_of_a_long_text_is_seen() {
        for len in 2..200 {
            for at in 0..len - 1 {
                let mut text = vec![b'-'; len];
                text[at..at + 2].copy_from_slice(b"Ab");
                let text = String::from_utf8(text).unwrap_or_default();
                assert!(Needle::new("aB", Case::Insensitive, Place::WholeTerms).is_in(&text), "{at} of {len}");
            }
        }
    }
}
