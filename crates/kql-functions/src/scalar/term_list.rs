//! The right side of `has_any` and `has_all`: a list of texts, each searched for as `has` does.

use super::prelude::*;
use super::text_search::{Case, Needle, Place, term_goes_on_after, term_goes_on_before};
use super::texts::Texts;
use aho_corasick::AhoCorasick;
use schema::dynamic::raw;

/// Lists longer than this are searched for in one pass over the text by an automaton. A pass for each needle is faster
/// below: one runs at ten times the automaton's speed.
const NEEDLES_MAX: usize = 10;

/// Texts to search for as whole terms, without regard to case.
pub struct TermList {
    needles: Vec<Needle>,
    automaton: Option<Automaton>,
}

/// One pass for many needles.
struct Automaton {
    search: AhoCorasick,
    /// By needle: whether a term must not go on before its start and after its end.
    guards: Vec<(bool, bool)>,
}

impl TermList {
    /// Prepares a search.
    pub fn new(terms: &[String]) -> TermList {
        let needles = terms.iter().map(|term| Needle::new(term, Case::Insensitive, Place::WholeTerms)).collect();
        let automaton = if terms.len() > NEEDLES_MAX { Automaton::new(terms) } else { None };
        TermList { needles, automaton }
    }

    /// Returns whether any of the terms is in a text.
    pub fn any_in(&self, text: &str) -> bool {
        match &self.automaton {
            Some(automaton) => automaton.any_in(text),
            None => self.needles.iter().any(|needle| needle.is_in(text)),
        }
    }

    /// Returns whether all of the terms are in a text; true of no terms.
    pub fn all_in(&self, text: &str) -> bool {
        self.needles.iter().all(|needle| needle.is_in(text))
    }

    /// Returns which is the first of the terms that is in a text.
    pub fn first_in(&self, text: &str) -> Option<usize> {
        self.needles.iter().position(|needle| needle.is_in(text))
    }
}

impl Automaton {
    /// `None` when the needles are too many for an automaton.
    fn new(terms: &[String]) -> Option<Automaton> {
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(terms).ok()?;
        let in_term = |end: Option<char>| end.is_some_and(char::is_alphanumeric);
        let guards =
            terms.iter().map(|term| (in_term(term.chars().next()), in_term(term.chars().next_back()))).collect();
        Some(Automaton { search, guards })
    }

    fn any_in(&self, text: &str) -> bool {
        // Overlapping, as a match that cuts a term may hide one that does not.
        self.search.find_overlapping_iter(text).any(|found| {
            let (start, end) = self.guards.get(found.pattern().as_usize()).copied().unwrap_or_default();
            !(start && term_goes_on_before(text, found.start()) || end && term_goes_on_after(text, found.end()))
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
        fn the_automaton_agrees_with_single_searches(
            text in "[abAB1. é]{0,60}",
            terms in proptest::collection::vec("[abAB1. é]{0,4}", 0..30),
        ) {
            let list = TermList::new(&terms);
            let by_needle = list.needles.iter().any(|needle| needle.is_in(&text));
            prop_assert_eq!(list.any_in(&text), by_needle);
            if let Some(automaton) = Automaton::new(&terms) {
                prop_assert_eq!(automaton.any_in(&text), by_needle);
            }
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
