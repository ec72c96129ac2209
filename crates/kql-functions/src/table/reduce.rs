//! `reduce by`: texts that are alike, grouped by a pattern.
//!
//! A text is split into terms at separators. Terms that stand at the same place in enough of the texts are fixed, the
//! others vary; texts with the same fixed terms form a group if there are enough of them, and all the rest form the group
//! `others`. A group's pattern is its first text with `*` for what varies.
//!
//! # Source
//! Kusto reference, "reduce operator". R. Vaarandi, "A data clustering algorithm for mining patterns from event logs",
//! 2003 (SLCT). What the reference does not say is taken from its examples: a term of digits alone varies however often
//! it occurs, a separator that the call names is dropped beside a `*`, one text is never enough for a group.

use arrow::array::{Array, ArrayRef, Int64Array, StringViewArray, StringViewBuilder};
use std::collections::HashMap;
use std::sync::Arc;

/// The name of the group of texts that are like no others.
const OTHERS: &str = "others";
/// The part of the texts that is enough for a group, where the call does not say.
pub const THRESHOLD: f64 = 0.1;

/// The groups of a column's texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduction {
    /// The largest first; `others`, if there is one, last.
    pub groups: Vec<Group>,
    /// The group of each row.
    pub group_of: Vec<u32>,
}

/// Texts that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub pattern: String,
    pub count: u64,
    /// The first text of the group; empty for `others`.
    pub representative: String,
}

impl Reduction {
    /// Returns the columns Pattern, Count and Representative with a row per group.
    pub fn columns(&self) -> [ArrayRef; 3] {
        let all: Vec<u32> = (0..self.groups.len() as u32).collect();
        self.columns_of(&all)
    }

    /// Returns the columns Pattern, Count and Representative with a row per row of the input, for `kind=source`.
    pub fn source_columns(&self) -> [ArrayRef; 3] {
        self.columns_of(&self.group_of)
    }

    fn columns_of(&self, groups: &[u32]) -> [ArrayRef; 3] {
        let mut patterns = StringViewBuilder::with_capacity(groups.len());
        let mut representatives = StringViewBuilder::with_capacity(groups.len());
        let mut counts = Vec::with_capacity(groups.len());
        for group in groups.iter().filter_map(|group| self.groups.get(*group as usize)) {
            patterns.append_value(&group.pattern);
            counts.push(group.count as i64);
            representatives.append_value(&group.representative);
        }
        [Arc::new(patterns.finish()), Arc::new(Int64Array::from(counts)), Arc::new(representatives.finish())]
    }
}

/// Groups texts. `threshold` (0 to 1) is the part of the texts that is enough for a group; `characters` separate terms
/// beside those that always do, which are all that are no letters and digits.
pub fn reduce(texts: &StringViewArray, threshold: f64, characters: &str) -> Reduction {
    let n = texts.len();
    let text = |row: usize| if texts.is_null(row) { "" } else { texts.value(row) };
    let enough = ((threshold.clamp(0.0, 1.0) * n as f64).ceil() as u64).max(2);
    let splitter = Splitter { characters };

    // How often each term stands at each place.
    let mut places: HashMap<(u32, &str), u64> = HashMap::new();
    for row in 0..n {
        for (place, term) in splitter.terms(text(row)).enumerate() {
            if !is_number(term) {
                *places.entry((place as u32, term)).or_default() += 1;
            }
        }
    }
    places.retain(|_, count| *count >= enough);
    // Fixed terms by a number each, so that a text's fixed terms make a short key.
    let fixed: HashMap<(u32, &str), u32> = places.into_keys().zip(0..).collect();

    let mut keys: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut candidates: Vec<(usize, u64)> = Vec::new();
    let mut candidate_of: Vec<Option<u32>> = Vec::with_capacity(n);
    for row in 0..n {
        let terms = splitter.terms(text(row)).enumerate();
        let key: Vec<u32> = terms.filter_map(|(place, term)| fixed.get(&(place as u32, term)).copied()).collect();
        if key.is_empty() {
            candidate_of.push(None);
            continue;
        }
        let candidate = *keys.entry(key).or_insert_with(|| {
            candidates.push((row, 0));
            candidates.len() as u32 - 1
        });
        candidates[candidate as usize].1 += 1;
        candidate_of.push(Some(candidate));
    }

    // Candidates that are large enough, the largest first, those of equal size in the order of their first texts.
    let mut ranked: Vec<u32> =
        (0..candidates.len() as u32).filter(|candidate| candidates[*candidate as usize].1 >= enough).collect();
    ranked.sort_by_key(|candidate| std::cmp::Reverse(candidates[*candidate as usize].1));
    let rank: HashMap<u32, u32> = ranked.iter().copied().zip(0..).collect();
    let others = ranked.len() as u32;
    let group_of: Vec<u32> = candidate_of
        .into_iter()
        .map(|candidate| candidate.and_then(|candidate| rank.get(&candidate).copied()).unwrap_or(others))
        .collect();
    let mut groups: Vec<Group> = ranked
        .iter()
        .map(|candidate| {
            let (row, count) = candidates[*candidate as usize];
            let is_fixed = |place: usize, term: &str| fixed.contains_key(&(place as u32, term));
            Group { pattern: splitter.pattern(text(row), is_fixed), count, representative: text(row).to_string() }
        })
        .collect();
    let n_others = group_of.iter().filter(|group| **group == others).count();
    if n_others > 0 {
        groups.push(Group { pattern: OTHERS.to_string(), count: n_others as u64, representative: String::new() });
    }
    Reduction { groups, group_of }
}

/// Returns whether a term is a number, which varies by nature.
fn is_number(term: &str) -> bool {
    term.bytes().all(|b| b.is_ascii_digit())
}

/// Splits texts into terms.
#[derive(Clone, Copy)]
struct Splitter<'c> {
    characters: &'c str,
}

impl Splitter<'_> {
    fn is_separator(self, c: char) -> bool {
        !c.is_alphanumeric() || self.characters.contains(c)
    }

    fn terms(self, text: &str) -> impl Iterator<Item = &str> {
        text.split(move |c| self.is_separator(c)).filter(|term| !term.is_empty())
    }

    /// Returns a text with `*` for the terms that are not fixed; neighbours share one.
    fn pattern(self, text: &str, is_fixed: impl Fn(usize, &str) -> bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut place = 0;
        let mut after_star = false;
        // Separators are held back until it is known whether they stand beside a star.
        let mut held = "";
        while !rest.is_empty() {
            let separators = rest.find(|c| !self.is_separator(c)).unwrap_or(rest.len());
            let (separator, after) = rest.split_at(separators);
            held = separator;
            let (term, after) = after.split_at(after.find(|c| self.is_separator(c)).unwrap_or(after.len()));
            rest = after;
            if term.is_empty() {
                break;
            }
            if is_fixed(place, term) {
                out.push_str(if after_star { self.beside_star(held) } else { held });
                out.push_str(term);
                after_star = false;
            } else if !after_star {
                out.push_str(self.beside_star(held));
                out.push('*');
                after_star = true;
            }
            held = "";
            place += 1;
        }
        out.push_str(if after_star { self.beside_star(held) } else { held });
        out
    }

    /// Returns separators as they stand beside a star: nothing when the call names them all.
    fn beside_star(self, separators: &str) -> &str {
        if separators.chars().all(|c| self.characters.contains(c)) { "" } else { separators }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(texts: &[String], threshold: f64, characters: &str) -> Vec<(String, u64, String)> {
        let column: StringViewArray = texts.iter().map(Some).collect();
        let reduction = reduce(&column, threshold, characters);
        assert_eq!(reduction.group_of.len(), texts.len());
        for (i, group) in reduction.groups.iter().enumerate() {
            assert_eq!(reduction.group_of.iter().filter(|of| **of == i as u32).count() as u64, group.count);
        }
        reduction.groups.into_iter().map(|group| (group.pattern, group.count, group.representative)).collect()
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| text.to_string()).collect()
    }

    #[test]
    fn separators_decide_what_is_alike() {
        let foo: Vec<String> = (1..=10).map(|i| format!("fooZ{i}")).collect();
        assert_eq!(groups(&foo, THRESHOLD, ""), [("others".into(), 10, String::new())]);
        assert_eq!(groups(&foo, THRESHOLD, "Z"), [("foo*".into(), 10, "fooZ1".into())]);
        let machines: Vec<String> = (0..1000).map(|i| format!("MachineLearningX{}", i % 10)).collect();
        assert_eq!(groups(&machines, 0.001, "X"), [("MachineLearning*".into(), 1000, "MachineLearningX0".into())]);
    }

    #[test]
    fn the_largest_group_comes_first_and_others_last() {
        let cities = strings(&[
            "Moscow",
            "San Bernard",
            "San Jose",
            "One -on- One",
            "San Jose",
            "Two -on- Two",
            "Moscow",
            "Paris 7",
            "Rome",
            "",
        ]);
        let expected = [
            ("San Jose".to_string(), 2, "San Jose".to_string()),
            ("Moscow".to_string(), 2, "Moscow".to_string()),
            ("* -on- *".to_string(), 2, "One -on- One".to_string()),
            ("others".to_string(), 4, String::new()),
        ];
        let mut got = groups(&cities, 0.1, "");
        got[..3].sort();
        let mut sorted = expected.clone();
        sorted[..3].sort();
        assert_eq!(got, sorted);
        let san = strings(&["San Bernard", "San Jose", "San Juan Capistrano", "Rio"]);
        assert_eq!(groups(&san, 0.5, "")[0], ("San *".to_string(), 3, "San Bernard".to_string()));
        assert_eq!(groups(&[], 0.1, ""), []);
    }

    #[test]
    fn columns_per_group_and_per_row() {
        let column: StringViewArray = [Some("a 1"), Some("b"), Some("a 2")].into_iter().collect();
        let reduction = reduce(&column, THRESHOLD, "");
        assert_eq!(reduction.columns()[0].len(), 2);
        let [patterns, counts, _] = reduction.source_columns();
        assert_eq!(
            patterns.as_any().downcast_ref::<StringViewArray>().map(|p| p.value(2).to_string()),
            Some("a *".into())
        );
        assert_eq!(counts.as_any().downcast_ref::<Int64Array>().map(|c| c.values().to_vec()), Some(vec![2, 1, 2]));
    }
}
