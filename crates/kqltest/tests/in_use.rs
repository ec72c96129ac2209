//! Every name that queries in the wild use, as `tests/kql/in-use.txt` lists them, binds and runs.

use kqltest::{Outcome, run};
use query::Tables;
use std::path::Path;
use std::sync::Arc;

/// A line of the list: `name: query`, or `name !CODE: query` where refusing with that code will do.
struct Entry<'a> {
    name: &'a str,
    refusal: Option<&'a str>,
    query: &'a str,
}

/// Returns the names that a line holds, without the blank lines, comments and headings.
fn entry(line: &str) -> Option<Entry<'_>> {
    if line.trim().is_empty() || line.starts_with(['#', '[']) {
        return None;
    }
    // A name may hold a colon itself, but none before a blank.
    let (heading, query) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    let (name, refusal) = match heading.split_once(" !") {
        Some((name, code)) => (name, Some(code)),
        None => (heading, None),
    };
    Some(Entry { name, refusal, query: query.trim() })
}

/// Returns what is wrong with an entry.
fn fault(entry: &Entry, tables: &Arc<Tables>) -> Option<String> {
    if entry.query.is_empty() {
        return Some("there is no query".to_string());
    }
    match (run(entry.query, tables), entry.refusal) {
        (Outcome::Rows { .. }, None) => None,
        (Outcome::Rows { .. }, Some(code)) => {
            Some(format!("it is not refused with {code} any more: say so in the list"))
        }
        (Outcome::Refused { code, message, .. }, Some(expected)) if code == expected && !message.is_empty() => None,
        (other, _) => Some(format!("{other:?}")),
    }
}

#[test]
fn every_name_in_use_binds_and_runs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kql/in-use.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries: Vec<Entry> = text.lines().filter_map(entry).collect();
    assert!(entries.len() > 300, "only {} names were found", entries.len());
    let mut tables = Tables::default();
    // For `table()`, which reads stored tables.
    let stored = query::MemoryTable::new(vec![schema::Column::new("x", schema::KqlType::Long)], vec![]);
    tables.add("Heartbeat", Arc::new(stored.unwrap_or_else(|error| panic!("{error}"))));
    let tables = Arc::new(tables);
    let failures: Vec<String> = entries
        .iter()
        .filter_map(|entry| Some(format!("{}: `{}`: {}", entry.name, entry.query, fault(entry, &tables)?)))
        .collect();
    assert!(failures.is_empty(), "{} names in use fail\n{}", failures.len(), failures.join("\n"));
}

/// A query that does not hold its name would prove nothing.
#[test]
fn every_query_uses_its_name() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kql/in-use.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut section = "";
    let mut failures = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('[') {
            section = heading.trim_end_matches(']');
        }
        let Some(entry) = entry(line) else { continue };
        // Some syntax has a name but no keyword.
        if section != "other syntax"
            && entry.name != "expression"
            && !entry.name.split(' ').all(|word| entry.query.contains(word))
        {
            failures.push(format!("{}: `{}`", entry.name, entry.query));
        }
    }
    assert!(failures.is_empty(), "{} queries do not use their names\n{}", failures.len(), failures.join("\n"));
}
