//! No block that holds a match is left out, whatever the texts and needles.

use crate::model::{OPERATORS, index_of, passes};
use proptest::prelude::*;
use terms::{Subject, TextKind};

/// Pieces that texts are put together of: such as are keys of their own, parts of them, and what stands between.
fn piece() -> impl Strategy<Value = String> {
    let guid = "ad67d136-c1db-4f9f-88ef-d94f3b6b0b5a";
    prop_oneof![
        4 => "[a-cA-C0-9]{1,4}",
        4 => "[-. @_/,:+]",
        2 => "[1-9]{1,3}(\\.[1-9]{1,3}){1,5}",
        2 => "[ab]{1,2}[. /\"\\\\][ab]{1,2}@[ab]{1,2}",
        2 => Just(guid.to_string()),
        1 => Just(guid.to_uppercase()),
        1 => (0usize..36, 0usize..=36).prop_map(move |(a, b)| guid[a.min(b)..a.max(b)].to_string()),
        1 => "[éÉßſKİ⒦٣\u{1F600}中]",
        1 => "[\\\\\"\n\t\u{1}]",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

/// How a needle is chosen: mostly as a part of a text.
#[derive(Debug, Clone)]
struct Choice {
    which: prop::sample::Index,
    skip: usize,
    take: usize,
    upper: bool,
    other: Option<String>,
}

impl Choice {
    fn needle(&self, texts: &[String]) -> String {
        let part = || self.which.get(texts).chars().skip(self.skip).take(self.take).collect();
        let needle = self.other.clone().unwrap_or_else(part);
        if self.upper { needle.to_ascii_uppercase() } else { needle }
    }
}

fn choice() -> impl Strategy<Value = Choice> {
    let other = proptest::option::weighted(0.1, text());
    (any::<prop::sample::Index>(), 0usize..40, 0usize..60, any::<bool>(), other)
        .prop_map(|(which, skip, take, upper, other)| Choice { which, skip, take, upper, other })
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 1..10)
}

/// Writes a JSON string in one of the ways in which it may be written.
fn json_string(text: &str, way: u32) -> String {
    let mut out = String::from("\"");
    for (i, c) in text.chars().enumerate() {
        let unit = |out: &mut String| {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&if way.is_multiple_of(2) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") });
            }
        };
        match c {
            _ if way > 1 && (i as u32 + way).is_multiple_of(5) => unit(&mut out),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if way > 2 => out.push_str("\\/"),
            '\n' if way.is_multiple_of(2) => out.push_str("\\n"),
            '\t' if way.is_multiple_of(2) => out.push_str("\\t"),
            // As it stands: readers of JSON take control characters too.
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Writes a JSON string as JSON text is printed.
fn printed(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1F' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn check(
    kind: TextKind,
    stored: &[String],
    seen: &[String],
    subject: Subject,
    choice: &Choice,
) -> Result<(), TestCaseError> {
    let needle = &choice.needle(seen);
    let index = index_of(kind, stored, "{\"filler\":1}");
    for operator in OPERATORS {
        let predicate = operator.predicate(subject, needle);
        for (i, text) in seen.iter().enumerate() {
            if operator.finds(text, needle) {
                let found = passes(&index, &predicate, i);
                prop_assert!(found, "{:?} finds {:?} in {:?} of {:?}", operator, needle, text, stored[i]);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_text_with_the_needle_passes(texts in texts(), choice in choice()) {
        check(TextKind::String, &texts, &texts, Subject::value(7), &choice)?;
    }

    #[test]
    fn any_text_with_any_needle_passes(texts in proptest::collection::vec(".{0,60}", 1..6), choice in choice()) {
        check(TextKind::String, &texts, &texts, Subject::value(7), &choice)?;
    }

    #[test]
    fn strings_of_json_pass_in_all_their_forms(texts in texts(), choice in choice(), way in 0u32..6) {
        let strings: Vec<String> = texts.iter().map(|text| json_string(text, way)).collect();
        let wrap = |string: &String| format!("{{\"k\":[{string},1.5e3],\"l\":true}}");
        let stored: Vec<String> = strings.iter().map(wrap).collect();
        check(TextKind::Json, &stored, &stored, Subject::value(7), &choice)?;
        check(TextKind::Json, &stored, &texts, Subject::part(7), &choice)?;
        let again: Vec<String> = texts.iter().map(|text| wrap(&printed(text))).collect();
        check(TextKind::Json, &stored, &again, Subject::part(7), &choice)?;
        check(TextKind::Json, &strings, &texts, Subject::value(7), &choice)?;
    }

    #[test]
    fn what_is_read_as_json_again_passes(texts in texts(), choice in choice(), way in 0u32..6) {
        let inner: Vec<String> = texts.iter().map(|text| format!("[{}]", json_string(text, way))).collect();
        let printed: Vec<String> = texts.iter().map(|text| printed(text)).collect();
        check(TextKind::String, &inner, &texts, Subject::reparsed(7), &choice)?;
        check(TextKind::String, &inner, &printed, Subject::reparsed(7), &choice)?;
        let outer: Vec<String> = inner.iter().map(|text| json_string(text, (way + 1) % 6)).collect();
        check(TextKind::Json, &outer, &texts, Subject::reparsed(7), &choice)?;
        check(TextKind::Json, &outer, &printed, Subject::reparsed(7), &choice)?;
    }
}

#[test]
fn blocks_without_a_match_are_left_out() {
    let texts: Vec<String> = [
        "alpha beta",
        "lena.moreau@northwind.example",
        "10.1.2.3",
        "ad67d136-c1db-4f9f-88ef-d94f3b6b0b5a",
        "Delete user",
        "Delete group",
        "10.1.3.2",
        "lena.moreau@contoso.example",
    ]
    .map(str::to_string)
    .into();
    let index = index_of(TextKind::String, &texts, "10.3.2.1 user group");
    let subject = Subject::value(7);
    let cases = [
        (subject.has("beta"), vec![0]),
        (subject.has("bet"), vec![]),
        (subject.contains("alpha beta"), vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (subject.starts_with("alpha b"), vec![0]),
        (subject.has("moreau"), vec![1, 7]),
        (subject.has("lena.moreau@northwind.example"), vec![1]),
        (subject.has("10.1.2.3"), vec![2]),
        // Each of the two numbers is in every block.
        (subject.has("10.1"), vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (subject.equals("ad67d136-c1db-4f9f-88ef-d94f3b6b0b5a"), vec![3]),
        (subject.has("c1db"), vec![3]),
        (subject.has("c1dc"), vec![3]),
        (subject.has("d94f3b6b0b5a"), vec![3]),
        (subject.equals("delete user"), vec![4]),
        (subject.has("delete user"), vec![4, 5]),
        (subject.is_in(["Delete user", "alpha beta"]), vec![0, 4]),
        (subject.has_any(["beta", "contoso"]), vec![0, 7]),
        (subject.has_all(["lena", "contoso"]), vec![7]),
        (Subject::value(8).has("beta"), vec![0, 1, 2, 3, 4, 5, 6, 7]),
    ];
    for (predicate, expected) in cases {
        let found: Vec<usize> = (0..texts.len()).filter(|i| passes(&index, &predicate, *i)).collect();
        assert_eq!(found, expected, "{predicate:?}");
    }
}
