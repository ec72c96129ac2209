//! Which blobs there are: the log's entries by thirty-two, the positions in their batches by five hundred.
//!
//! Where a blob begins and ends follows from the log and its cuts alone, so that it stays as it is, whoever asks and whatever is
//! erased.

use std::collections::BTreeSet;

use super::content_id::Part;
use super::content_type::ContentType;
use super::feeds::Span;
use super::records::Source;
use crate::row::Row;

/// Entries of the log in a blob at most.
const ENTRIES: u64 = 32;
/// Positions of a batch in a blob at most.
const POSITIONS: u64 = 500;

/// Returns the query for where in some entries of the log there are records of a content type.
pub(crate) fn places_query(kind: ContentType, from: u64, to: u64) -> String {
    let of = |source: &Source| {
        let (rows, condition) = (source.rows(), condition(*source, kind));
        format!(
            "({rows} | where LogEntry_ >= {from} and LogEntry_ < {to}{condition} | project LogEntry_, LogPosition_)"
        )
    };
    let sources: Vec<String> = sources(kind).iter().map(of).collect();
    let list = "| summarize by Entry = LogEntry_, Chunk = tolong(bin(LogPosition_, ".to_string()
        + &format!("{POSITIONS})) / {POSITIONS}");
    format!("union {} {list}", sources.join(", "))
}

/// Returns the queries for the records of a blob, each with where its rows come from.
pub(crate) fn records_queries(part: &Part, kind: ContentType) -> Vec<(Source, String)> {
    let Part { from, to, chunk, .. } = part;
    let (first, end) = (chunk.saturating_mul(POSITIONS), chunk.saturating_add(1).saturating_mul(POSITIONS));
    let of = |source: &Source| {
        let (rows, condition) = (source.rows(), condition(*source, kind));
        let entries = format!("LogEntry_ >= {from} and LogEntry_ < {to}");
        let positions = format!("LogPosition_ >= {first} and LogPosition_ < {end}");
        let query =
            format!("{rows} | where {entries} and {positions}{condition} | order by LogEntry_ asc, LogPosition_ asc");
        (*source, query)
    };
    sources(kind).iter().map(of).collect()
}

fn sources(kind: ContentType) -> &'static [Source] {
    if kind.has_dataverse() { &[Source::Office, Source::Dataverse] } else { &[Source::Office] }
}

fn condition(source: Source, kind: ContentType) -> String {
    match source {
        Source::Office => format!(" | where {}", kind.condition()),
        Source::Dataverse => String::new(),
    }
}

/// Returns the blobs in which there are records, in the order in which they became available.
pub(crate) fn parts(spans: &[Span], places: &[Row]) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    for place in places {
        let number = |column| place.number(column).and_then(|number| u64::try_from(number).ok());
        let (Some(entry), Some(chunk)) = (number("Entry"), number("Chunk")) else { continue };
        let Some(span) = spans.get(spans.partition_point(|span| span.to <= entry)) else { continue };
        if span.from > entry {
            continue;
        }
        let first = entry - entry % ENTRIES;
        let (from, to) = (span.from.max(first), span.to.min(first.saturating_add(ENTRIES)));
        parts.insert(Part { created: span.created, from, to, chunk });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blobs_end_at_cuts_and_every_thirty_two_entries() {
        let row = |entry: u64, chunk: u64| match json!({ "Entry": entry, "Chunk": chunk }) {
            serde_json::Value::Object(columns) => Row(columns),
            _ => Row::default(),
        };
        let spans = [Span { created: 1, from: 5, to: 40 }, Span { created: 2, from: 40, to: 41 }];
        let places = [row(3, 0), row(5, 0), row(31, 0), row(31, 1), row(32, 0), row(40, 0), row(41, 0)];
        let found: Vec<_> = parts(&spans, &places).into_iter().map(|p| (p.created, p.from, p.to, p.chunk)).collect();
        assert_eq!(found, [(1, 5, 32, 0), (1, 5, 32, 1), (1, 32, 40, 0), (2, 40, 41, 0)]);
    }
}
