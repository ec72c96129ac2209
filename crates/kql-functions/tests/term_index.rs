//! The term index leaves out no block of rows in which an operator finds something.

#![expect(clippy::unwrap_used, reason = "tests")]

use arrow::array::StringArray;
use bytes::Bytes;
use kql_functions::call;
use proptest::prelude::*;
use schema::dynamic::raw;
use schema::{Dynamic, KqlType, Value};
use terms::{IndexBuilder, Options, Predicate, Subject, TermIndex, TextKind};

const BLOCK_ROWS: u32 = 64;

/// Builds the index of a column that has each text in a block of its own.
fn index_of(kind: TextKind, texts: &[String]) -> TermIndex {
    let options = Options { block_rows: BLOCK_ROWS, ..Options::default() };
    let mut builder = IndexBuilder::new(options).unwrap();
    builder.column(0, kind).unwrap();
    for text in texts {
        let block = std::iter::once(Some(text.as_str())).chain(std::iter::repeat_n(None, BLOCK_ROWS as usize - 1));
        builder.push(0, &block.collect::<StringArray>()).unwrap();
    }
    let rows = texts.len() as u64 * u64::from(BLOCK_ROWS);
    TermIndex::open(Bytes::from(builder.finish(rows).unwrap())).unwrap()
}

type Ask = fn(Subject, &str) -> Predicate;

/// Operators with a text on the right, and what the index is asked for them.
const OPERATORS: &[(&str, Ask)] = &[
    ("has", |subject, needle| subject.has(needle)),
    ("has_cs", |subject, needle| subject.has(needle)),
    ("hasprefix", |subject, needle| subject.has_prefix(needle)),
    ("hasprefix_cs", |subject, needle| subject.has_prefix(needle)),
    ("hassuffix", |subject, needle| subject.has_suffix(needle)),
    ("hassuffix_cs", |subject, needle| subject.has_suffix(needle)),
    ("contains", |subject, needle| subject.contains(needle)),
    ("contains_cs", |subject, needle| subject.contains(needle)),
    ("startswith", |subject, needle| subject.starts_with(needle)),
    ("startswith_cs", |subject, needle| subject.starts_with(needle)),
    ("endswith", |subject, needle| subject.ends_with(needle)),
    ("endswith_cs", |subject, needle| subject.ends_with(needle)),
    ("==", |subject, needle| subject.equals(needle)),
    ("=~", |subject, needle| subject.equals(needle)),
    ("in", |subject, needle| subject.is_in([needle, "other"])),
    ("in~", |subject, needle| subject.is_in(["other", needle])),
    ("has_any", |subject, needle| subject.has_any([needle, "other"])),
    ("has_all", |subject, needle| subject.has_all([needle])),
    ("has_ipv4", |subject, needle| subject.has_ipv4(needle)),
    ("has_ipv4_prefix", |subject, needle| subject.has_ipv4(needle)),
];

/// Checks that the block of each value passes in which an operator finds the needle.
fn check(index: &TermIndex, subject: Subject, values: &[Value], needle: &str) -> Result<(), TestCaseError> {
    for (operator, ask) in OPERATORS {
        let blocks = index.blocks(&ask(subject, needle));
        for (i, value) in values.iter().enumerate() {
            let args = [value.clone(), Value::String(needle.to_string())];
            let found = call(operator, KqlType::Bool, &args).unwrap() == Value::Bool(true);
            let passes = blocks.contains_row(i as u64 * u64::from(BLOCK_ROWS));
            prop_assert!(passes || !found, "{:?} {} {:?}", value, operator, needle);
        }
    }
    Ok(())
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-cA-C0-9]{1,4}",
        3 => "[-. @_/,:+\"\\\\\n\t]",
        1 => "[1-9]{1,3}(\\.[1-9]{1,3}){3,4}",
        1 => "[ab]{1,2}[. /][ab]{1,2}@[ab]{1,2}",
        1 => Just("ad67d136-c1db-4f9f-88ef-d94f3b6b0b5a".to_string()),
        1 => "[éÉßſKİ⒦٣\u{1F600}中]",
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// Texts, and a needle that is a part of one of them.
fn texts_and_needle() -> impl Strategy<Value = (Vec<String>, String)> {
    let part = (any::<prop::sample::Index>(), 0usize..30, 0usize..50, any::<bool>());
    (proptest::collection::vec(text(), 1..5), part).prop_map(|(texts, (which, skip, take, upper))| {
        let needle: String = which.get(&texts).chars().skip(skip).take(take).collect();
        let needle = if upper { needle.to_uppercase() } else { needle };
        (texts, needle)
    })
}

/// Writes a bag with a text in it, every third character as its number.
fn bag(text: &str, numbers: bool) -> String {
    let mut json = Dynamic::Bag(vec![("k".to_string(), Dynamic::String(text.to_string()))]).to_json();
    if numbers && !text.contains(['"', '\\', '\n', '\t']) {
        let mut units = [0; 2];
        let escaped: String = text
            .chars()
            .enumerate()
            .map(|(i, c)| match i % 3 {
                0 => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
                _ => c.to_string(),
            })
            .collect();
        json = format!("{{\"k\" :\"{escaped}\"}}");
    }
    json
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn strings_that_match_pass((texts, needle) in texts_and_needle()) {
        let values: Vec<Value> = texts.iter().cloned().map(Value::String).collect();
        check(&index_of(TextKind::String, &texts), Subject::value(0), &values, &needle)?;
    }

    #[test]
    fn dynamics_that_match_pass((texts, needle) in texts_and_needle(), numbers in any::<bool>()) {
        let bags: Vec<String> = texts.iter().map(|text| bag(text, numbers)).collect();
        let index = index_of(TextKind::Json, &bags);
        let whole: Vec<Value> = bags.iter().map(|bag| Value::Dynamic(Dynamic::parse(bag).unwrap())).collect();
        check(&index, Subject::value(0), &whole, &needle)?;
        let raw_text: Vec<Value> = bags.iter().map(|bag| Value::String(raw::text(bag).into_owned())).collect();
        check(&index, Subject::value(0), &raw_text, &needle)?;
        let members = bags.iter().map(|bag| raw::text(raw::member(bag, "k").unwrap()).into_owned());
        let members: Vec<Value> = members.map(Value::String).collect();
        check(&index, Subject::part(0), &members, &needle)?;
        let parts: Vec<Value> = texts.iter().map(|text| Value::Dynamic(Dynamic::String(text.clone()))).collect();
        check(&index, Subject::part(0), &parts, &needle)?;
    }

    #[test]
    fn text_that_is_read_as_json_passes((texts, needle) in texts_and_needle(), numbers in any::<bool>()) {
        let bags: Vec<String> = texts.iter().map(|text| bag(text, numbers)).collect();
        let outer: Vec<String> = bags.iter().map(|text| bag(text, false)).collect();
        for (kind, stored) in [(TextKind::String, &bags), (TextKind::Json, &outer)] {
            let index = index_of(kind, stored);
            let parsed = bags.iter().map(|text| call("parse_json", KqlType::Dynamic, &[Value::String(text.clone())]));
            let parsed: Vec<Value> = parsed.map(Result::unwrap).collect();
            check(&index, Subject::reparsed(0), &parsed, &needle)?;
            let members: Vec<Value> = texts.iter().cloned().map(Value::String).collect();
            check(&index, Subject::reparsed(0), &members, &needle)?;
        }
    }
}
