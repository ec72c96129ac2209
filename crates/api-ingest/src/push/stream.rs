//! Entries in a log format, through the format's parser. Entries of one stream are read one after the other, as lines of a file are, and
//! what comes out after each is taken to be of it: exact for formats of one line a record, and right about the stream for the others.

use std::collections::{BTreeMap, HashMap};

use files::{Rejected, Rejection};
use schema::Column;
use sources::{Context, Output, Parser, Reason, Shape};

use super::entry::{Content, Entry};

/// Records of one table, each with the entry that it is of and the text member that was read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub columns: Vec<Column>,
    pub records: Vec<(usize, String)>,
}

/// What came out of entries in one format.
#[derive(Debug, Default)]
pub(super) struct Formatted {
    pub tables: BTreeMap<String, Parsed>,
    /// What was no record, and which entry it was of.
    pub rejects: Vec<(usize, Rejected)>,
    /// The member of each entry's object that was read as a line, where one was.
    pub lines: HashMap<usize, &'static str>,
}

struct Stream {
    parser: Box<dyn Parser>,
    out: Output,
    last: usize,
}

/// Reads entries; `entries` are their numbers, and `now` is the present.
pub(super) fn read(source: &'static sources::Source, entries: &[(usize, &Entry)], now: i64) -> Formatted {
    let mut found = Formatted::default();
    let mut streams: HashMap<&str, Stream> = HashMap::new();
    let mut order: Vec<&str> = Vec::new();
    for (number, entry) in entries {
        let stream = streams.entry(&entry.stream).or_insert_with(|| {
            order.push(&entry.stream);
            let context = Context { path: String::new(), now };
            Stream { parser: (source.parser)(&context), out: Output::default(), last: *number }
        });
        stream.last = *number;
        let line = entry.content.line();
        // Of a format in JSON, an agent may have the object in a text, or the text in an object.
        let line = line.filter(|(member, text)| {
            source.shape == Shape::Text || member.is_none() || text.trim_start().starts_with('{')
        });
        let text = match (&line, &entry.content) {
            (Some((member, text)), _) => {
                if let Some(member) = member {
                    found.lines.insert(*number, member);
                }
                text.as_ref()
            }
            (None, Content::Text(text) | Content::Object(text)) => text,
        };
        stream.parser.push(text.as_bytes(), &mut stream.out);
        if !text.ends_with('\n') {
            stream.parser.push(b"\n", &mut stream.out);
        }
        found.gather(&mut stream.out, *number);
    }
    for name in order {
        if let Some(stream) = streams.get_mut(name) {
            stream.parser.finish(&mut stream.out);
            found.gather(&mut stream.out, stream.last);
        }
    }
    found
}

impl Formatted {
    /// Takes what has come out of a parser.
    fn gather(&mut self, out: &mut Output, number: usize) {
        for (table, batch) in out.take_tables() {
            let parsed = self.tables.entry(table).or_default();
            for column in batch.columns {
                if !parsed.columns.iter().any(|known| known.name == column.name) {
                    parsed.columns.push(column);
                }
            }
            parsed.records.extend(batch.body.lines().map(|line| (number, line.to_string())));
        }
        for reject in out.take_rejects() {
            let reason = match reject.reason {
                Reason::Malformed => Rejection::Malformed,
                Reason::Oversized => Rejection::Oversized,
                Reason::Encoding => Rejection::Encoding,
            };
            let rejected = Rejected { position: number as u64, reason, detail: reject.detail, raw: reject.raw };
            self.rejects.push((number, rejected));
        }
    }
}
