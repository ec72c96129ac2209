//! The right side of `has_any` and `has_all`: a list of texts, each searched for as `has` does.

use super::prelude::*;
use super::text_search::{Case, Needle, Place, term_goes_on_after, term_goes_on_before};
use super::texts::Texts;
use schema::dynamic::raw;
use std::collections::HashMap;
use terms::runs::{any_term, longest_term};

/// Lists longer than this are searched for in one pass over the text's terms. Below, a pass for each needle is faster:
/// one runs at ten times the speed.
const NEEDLES_MAX: usize = 10;

/// Texts to search for as whole terms, without regard to case.
pub struct TermList(Vec<Needle>);

/// Texts of which any one is searched for.
pub enum AnyTerm {
    Few(TermList),
    Many(Box<TermTable>),
}

impl TermList {
    /// Prepares a search.
    pub fn new(terms: &[String]) -> TermList {
        TermList(terms.iter().map(|term| needle(term)).collect())
    }

    /// Returns whether all of the terms are in a text; true of no terms.
    pub fn all_in(&self, text: &str) -> bool {
        self.0.iter().all(|needle| needle.is_in(text))
    }

    /// Returns which is the first of the terms that is in a text.
    pub fn first_in(&self, text: &str) -> Option<usize> {
        self.0.iter().position(|needle| needle.is_in(text))
    }
}

fn needle(term: &str) -> Needle {
    Needle::new(term, Case::Insensitive, Place::WholeTerms)
}

impl AnyTerm {
    /// Prepares a search.
    pub fn new(terms: &[String]) -> AnyTerm {
        if terms.len() > NEEDLES_MAX {
            AnyTerm::Many(Box::new(TermTable::new(terms)))
        } else {
            AnyTerm::Few(TermList::new(terms))
        }
    }

    /// Returns whether any of the terms is in a text.
    pub fn is_in(&self, text: &str) -> bool {
        match self {
            AnyTerm::Few(terms) => terms.first_in(text).is_some(),
            AnyTerm::Many(table) => table.any_in(text),
        }
    }
}

/// Finds any of many needles by looking up each term of a text.
///
/// Where a needle is found as whole terms, each run of letters and digits in it is a whole term of the text. So the
/// longest run of each needle is kept in a table, and where a term of the text is one, the rest of the needle is compared.
pub struct TermTable {
    /// Bits by [`TermTable::bit`]: most terms are not in the table, which is seen here without hashing them.
    filter: Vec<u64>,
    /// Needles by their longest run, in lower case.
    needles: HashMap<Box<[u8]>, Vec<Anchored>>,
    /// Needles without letters and digits.
    others: Vec<Needle>,
}

/// A needle that is compared where one of its runs was found.
struct Anchored {
    needle: Box<[u8]>,
    /// The byte at which the run begins.
    run: usize,
    /// Whether a letter or digit must not stand before the needle, and after it.
    guards: (bool, bool),
}

impl TermTable {
    /// Prepares a search.
    pub fn new(terms: &[String]) -> TermTable {
        let mut table = TermTable { filter: vec![0; 1024], needles: HashMap::new(), others: Vec::new() };
        for term in terms {
            let Some(run) = longest_term(term) else {
                table.others.push(needle(term));
                continue;
            };
            let run_text = term.as_bytes().get(run.clone()).unwrap_or_default().to_ascii_lowercase();
            let (word, bit) = TermTable::bit(&run_text);
            if let Some(word) = table.filter.get_mut(word) {
                *word |= bit;
            }
            let in_term = |end: Option<char>| end.is_some_and(char::is_alphanumeric);
            let guards = (in_term(term.chars().next()), in_term(term.chars().next_back()));
            let anchored = Anchored { needle: term.as_bytes().into(), run: run.start, guards };
            table.needles.entry(run_text.into()).or_default().push(anchored);
        }
        table
    }

    /// Returns whether any of the needles is in a text.
    pub fn any_in(&self, text: &str) -> bool {
        let in_table = any_term(text, |term| {
            let term_text = text.as_bytes().get(term.clone()).unwrap_or_default();
            let (word, bit) = TermTable::bit(term_text);
            self.filter.get(word).is_some_and(|word| word & bit != 0) && self.stands_at(text, term.start, term_text)
        });
        in_table || self.others.iter().any(|needle| needle.is_in(text))
    }

    /// Returns a term's bit in the filter: its first and last byte and its length, as far as 16 bits tell them apart.
    fn bit(term: &[u8]) -> (usize, u64) {
        let first = term.first().map_or(0, |byte| usize::from(byte | 0x20));
        let last = term.last().map_or(0, |byte| usize::from(byte | 0x20));
        let place = first ^ (last << 4) ^ ((term.len() & 0x3F) << 10);
        ((place >> 6) & 0x3FF, 1 << (place & 0x3F))
    }

    /// Returns whether a needle whose longest run is this term of a text is found there.
    fn stands_at(&self, text: &str, start: usize, term: &[u8]) -> bool {
        let folded;
        let key = if term.iter().any(u8::is_ascii_uppercase) {
            folded = term.to_ascii_lowercase();
            &folded
        } else {
            term
        };
        let Some(needles) = self.needles.get(key) else { return false };
        needles.iter().any(|Anchored { needle, run, guards }| {
            let Some(start) = start.checked_sub(*run) else { return false };
            let end = start + needle.len();
            text.as_bytes().get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(needle))
                && !(guards.0 && term_goes_on_before(text, start) || guards.1 && term_goes_on_after(text, end))
        })
    }
}

/// Returns the texts that the arguments from `first` on list for a row: scalars, and the elements of arrays.
pub fn terms(args: &Args, first: usize, row: usize) -> Vec<String> {
    let mut out = Vec::new();
    for arg in args.args.iter().skip(first) {
        if arg.ktype == KqlType::Dynamic {
            if let Some(json) = arg.strs().opt(row) {
                push_elements(json, &mut out);
            }
        } else {
            out.push(Texts::from(arg).get(row).into_owned());
        }
    }
    out
}

/// Nested arrays are one list.
fn push_elements(json: &str, out: &mut Vec<String>) {
    if raw::kind(json) == raw::Kind::Array {
        raw::items(json).for_each(|item| push_elements(item, out));
    } else {
        out.push(raw::text(json).into_owned());
    }
}

/// Returns whether the list on the right is the same for all rows.
pub fn is_constant(args: &Args, first: usize) -> bool {
    args.args.iter().skip(first).all(|arg| arg.constant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_table_agrees_with_single_searches(
            text in "[abAB1. éÉ]{0,60}",
            terms in proptest::collection::vec("[abAB1. éÉ]{0,5}", 0..30),
        ) {
            let one_by_one = TermList::new(&terms).first_in(&text).is_some();
            prop_assert_eq!(AnyTerm::new(&terms).is_in(&text), one_by_one);
            prop_assert_eq!(TermTable::new(&terms).any_in(&text), one_by_one);
        }
    }

    #[test]
    fn lists_are_scalars_and_nested_arrays() {
        let source = Value::String("this is an example number 2".into());
        let text = |text: &str| Value::String(text.into());
        let json = |text: &str| parse_as(KqlType::Dynamic, text);
        let cases: [(&str, Vec<Value>, bool); 8] = [
            ("has_any", vec![text("not"), text("EXAMPLE")], true),
            ("has_any", vec![json(r#"["x",["y",["number"]]]"#)], true),
            ("has_any", vec![json("[1,2]")], true),
            ("has_any", vec![json("[]")], false),
            ("has_any", vec![json("null")], false),
            ("has_all", vec![json(r#"["this"]"#), text("an")], true),
            ("has_all", vec![text("this"), text("exam")], false),
            ("has_all", vec![json("[]")], true),
        ];
        for (name, list, expected) in cases {
            let args: Vec<Value> = std::iter::once(source.clone()).chain(list).collect();
            assert_eq!(crate::call(name, KqlType::Bool, &args), Ok(Value::Bool(expected)), "{name} {args:?}");
        }
    }
}
