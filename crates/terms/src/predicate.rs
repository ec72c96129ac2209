//! What a condition of a query needs: keys that a block must have for a row of it to match.
//!
//! A condition that says nothing about terms gives [`Predicate::All`]: it cannot be said which blocks hold matches. So do
//! `matches regex`, comparisons with numbers and times, negations (`!has`, `!=`: rows *without* a term are in any block), and
//! functions of a column's text (`tolower(x) == "y"`, `strcat(x, "y") has "z"`), for all of which there is no method here.

use crate::keys::{Class, Key, is_whole_key, may_hide_in_guid, scan};
use std::ops::Range;

/// A condition on blocks: those that may hold matches pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// It cannot be said: all blocks pass.
    All,
    /// No row can match: no block passes.
    Nothing,
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    /// Blocks that have all of the keys.
    Keys(Keys),
}

/// Keys of which a block must have all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    pub(crate) subject: Subject,
    pub(crate) wanted: Vec<Wanted>,
}

/// A key that a block must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub key: Key,
    pub class: Class,
    /// A block with a GUID may hold the term without having its key.
    pub or_guid: bool,
}

/// The text that a condition is about, and its way from the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub(crate) column: u16,
    pub(crate) reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Value,
    Part,
    Reparsed,
}

/// Which of the needle's ends cannot lie within a term of the text.
#[derive(Debug, Clone, Copy)]
struct Ends {
    start: bool,
    end: bool,
}

const BOTH: Ends = Ends { start: true, end: true };
const START: Ends = Ends { start: true, end: false };
const END: Ends = Ends { start: false, end: true };
const NEITHER: Ends = Ends { start: false, end: false };

impl Subject {
    /// The values of a column, as they stand: a string column; a dynamic column that is taken as text as a whole.
    pub fn value(column: u16) -> Subject {
        Subject { column, reach: Reach::Value }
    }

    /// A value that was taken out of a dynamic column, at any depth, and is taken as text: `c.a.b`, `c["a"][0]`,
    /// `tostring(c.a)`, the rows of `mv-expand c`, a name given by `bag_keys(c)`.
    pub fn part(column: u16) -> Subject {
        Subject { column, reach: Reach::Part }
    }

    /// A value that was taken out of text that a query reads as JSON: `parse_json(s).a` of a string column `s`,
    /// `parse_json(tostring(c.a)).b` of a dynamic column `c`. Reading as JSON twice (the text of a string of the text of a
    /// string) is covered too.
    pub fn reparsed(column: u16) -> Subject {
        Subject { column, reach: Reach::Reparsed }
    }

    /// `has` and `has_cs`.
    pub fn has(self, needle: &str) -> Predicate {
        self.holding(needle, BOTH)
    }

    /// `has_any`.
    pub fn has_any<S: AsRef<str>>(self, needles: impl IntoIterator<Item = S>) -> Predicate {
        Predicate::any(needles.into_iter().map(|needle| self.has(needle.as_ref())))
    }

    /// `has_all`.
    pub fn has_all<S: AsRef<str>>(self, needles: impl IntoIterator<Item = S>) -> Predicate {
        Predicate::every(needles.into_iter().map(|needle| self.has(needle.as_ref())))
    }

    /// `has_ipv4` and `has_ipv4_prefix`, of which each address is one for `has_any_ipv4` and `has_any_ipv4_prefix`. Addresses
    /// are found where they stand as whole terms, in the one way in which they are written.
    pub fn has_ipv4(self, address: &str) -> Predicate {
        self.has(address)
    }

    /// `hasprefix` and `hasprefix_cs`: the needle's last term may go on.
    pub fn has_prefix(self, needle: &str) -> Predicate {
        self.holding(needle, START)
    }

    /// `hassuffix` and `hassuffix_cs`: the needle's first term may have begun before.
    pub fn has_suffix(self, needle: &str) -> Predicate {
        self.holding(needle, END)
    }

    /// `contains` and `contains_cs`.
    pub fn contains(self, needle: &str) -> Predicate {
        self.holding(needle, NEITHER)
    }

    /// `startswith` and `startswith_cs`.
    pub fn starts_with(self, needle: &str) -> Predicate {
        self.holding(needle, START)
    }

    /// `endswith` and `endswith_cs`.
    pub fn ends_with(self, needle: &str) -> Predicate {
        self.holding(needle, END)
    }

    /// `==` and `=~` with a string. With a GUID only where the column is one and holds its text in the form of `value`.
    pub fn equals(self, value: &str) -> Predicate {
        let folded = value.to_ascii_lowercase();
        let mut pieces = Vec::new();
        let scanned = scan(&folded, |class, piece| pieces.push((class, piece)));
        let mut wanted = wanted_keys(&folded, pieces);
        if self.reach == Reach::Value && is_whole_key(&folded, scanned) {
            wanted.push(Wanted { key: Key::of(Class::Value, folded.as_bytes()), class: Class::Value, or_guid: false });
        }
        self.keys(wanted)
    }

    /// `in` and `in~` with a list of strings.
    pub fn is_in<S: AsRef<str>>(self, values: impl IntoIterator<Item = S>) -> Predicate {
        Predicate::any(values.into_iter().map(|value| self.equals(value.as_ref())))
    }

    /// Takes the terms of a needle that must be whole terms of the text.
    fn holding(self, needle: &str, ends: Ends) -> Predicate {
        let folded = needle.to_ascii_lowercase();
        let mut pieces = Vec::new();
        scan(&folded, |class, piece| {
            if (piece.start > 0 || ends.start) && (piece.end < folded.len() || ends.end) {
                pieces.push((class, piece));
            }
        });
        self.keys(wanted_keys(&folded, pieces))
    }

    fn keys(self, wanted: Vec<Wanted>) -> Predicate {
        if wanted.is_empty() { Predicate::All } else { Predicate::Keys(Keys { subject: self, wanted }) }
    }
}

/// Returns the keys of pieces of a needle, longer ones first. Terms within a longer piece are looked for too: they take away
/// most blocks of another key that has the same place.
fn wanted_keys(folded: &str, mut pieces: Vec<(Class, Range<usize>)>) -> Vec<Wanted> {
    pieces.sort_by_key(|(class, _)| *class == Class::Term);
    let key = |(class, piece): (Class, Range<usize>)| {
        let piece = folded.as_bytes().get(piece)?;
        let or_guid = class == Class::Term && may_hide_in_guid(piece);
        Some(Wanted { key: Key::of(class, piece), class, or_guid })
    };
    pieces.into_iter().filter_map(key).collect()
}

impl Predicate {
    /// Returns the condition that any of several holds; nothing passes where there are none.
    pub fn any(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Predicate::All => return Predicate::All,
                Predicate::Nothing => {}
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Predicate::Nothing,
            1 => kept.pop().unwrap_or(Predicate::All),
            _ => Predicate::Or(kept),
        }
    }

    /// Returns the condition that all of several hold; everything passes where there are none.
    pub fn every(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Predicate::All => {}
                Predicate::Nothing => return Predicate::Nothing,
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Predicate::All,
            1 => kept.pop().unwrap_or(Predicate::All),
            _ => Predicate::And(kept),
        }
    }

    /// Returns whether it cannot be said which blocks hold matches, whatever the index.
    pub fn is_all(&self) -> bool {
        *self == Predicate::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::VALUE_BYTES_MAX;

    fn term(text: &str) -> Wanted {
        Wanted {
            key: Key::of(Class::Term, text.as_bytes()),
            class: Class::Term,
            or_guid: may_hide_in_guid(text.as_bytes()),
        }
    }

    fn check(predicate: Predicate, terms: &[&str]) {
        let wanted: Vec<Wanted> = match predicate {
            Predicate::All => Vec::new(),
            Predicate::Keys(keys) => keys.wanted.into_iter().filter(|wanted| wanted.class == Class::Term).collect(),
            other => panic!("{other:?}"),
        };
        assert_eq!(wanted, terms.iter().map(|text| term(text)).collect::<Vec<_>>(), "{terms:?}");
    }

    #[test]
    fn operators_need_the_terms_that_must_be_whole() {
        let subject = Subject::value(1);
        check(subject.has("Foo.bar"), &["foo", "bar"]);
        check(subject.has("..."), &[]);
        check(subject.has(""), &[]);
        check(subject.contains("a bc d"), &["bc"]);
        check(subject.contains("bc"), &[]);
        check(subject.contains(" bc "), &["bc"]);
        check(subject.starts_with("a bc d"), &["a", "bc"]);
        check(subject.ends_with("a bc d"), &["bc", "d"]);
        check(subject.has_prefix("a bc d"), &["a", "bc"]);
        check(subject.has_suffix("a bc d"), &["bc", "d"]);
        check(subject.equals("Foo bar"), &["foo", "bar"]);
        check(subject.equals(""), &[]);
        check(subject.has("straße 7"), &["straße", "7"]);
        check(subject.has("c1db"), &["c1db"]);
    }

    #[test]
    fn lists_are_made_of_their_elements() {
        let subject = Subject::part(1);
        assert_eq!(subject.has_any(["a", "-"]), Predicate::All);
        assert_eq!(subject.has_any([] as [&str; 0]), Predicate::Nothing);
        assert_eq!(subject.has_all([] as [&str; 0]), Predicate::All);
        assert_eq!(subject.has_all(["a", "-"]), subject.has("a"));
        assert_eq!(subject.is_in(["a", "b"]), Predicate::Or(vec![subject.equals("a"), subject.equals("b")]));
        assert_eq!(Predicate::every([Predicate::Nothing, subject.has("a")]), Predicate::Nothing);
        assert_eq!(Predicate::any([Predicate::Nothing, subject.has("a")]), subject.has("a"));
    }

    #[test]
    fn only_values_of_columns_are_whole() {
        let whole = |predicate: Predicate| matches!(predicate, Predicate::Keys(keys) if keys.wanted.iter().any(|w| w.class == Class::Value));
        assert!(whole(Subject::value(1).equals("Add user")));
        assert!(whole(Subject::value(1).equals("-")));
        assert!(!whole(Subject::value(1).has("Add user")));
        assert!(!whole(Subject::value(1).equals(&"a ".repeat(VALUE_BYTES_MAX))));
        assert!(!whole(Subject::part(1).equals("Add user")));
    }
}
