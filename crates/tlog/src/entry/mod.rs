//! Entries of a workspace's log: short texts without personal data.
//!
//! The first line names the kind. Every kind has one form: fixed lines in a fixed order, each ending with a line feed. Hashes are
//! in hexadecimal digits, as `sha256sum` prints them; times are UTC by the vault's clock.

mod act;
mod batch;
mod extent;
mod heartbeat;
mod lifecycle;
mod redaction;

use std::fmt::Display;

use crate::{Hash, TextError};

pub use act::{Act, ActKind};
pub use batch::BatchEntry;
pub use extent::{EXTENT_HEAD_BYTES, Extent, FilePart, SeqRange};
pub use heartbeat::Heartbeat;
pub use lifecycle::Lifecycle;
pub use redaction::Redaction;

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Batch(BatchEntry),
    Extent(Extent),
    Lifecycle(Lifecycle),
    Redaction(Redaction),
    Act(Act),
    Heartbeat(Heartbeat),
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// When its kind is not known or it has another form than its kind has.
    pub fn parse(bytes: &[u8]) -> Result<Entry, TextError> {
        let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        match std::str::from_utf8(header) {
            Ok(batch::HEADER) => BatchEntry::parse(bytes).map(Entry::Batch),
            Ok(extent::HEADER) => Extent::parse(bytes).map(Entry::Extent),
            Ok(lifecycle::HEADER) => Lifecycle::parse(bytes).map(Entry::Lifecycle),
            Ok(redaction::HEADER) => Redaction::parse(bytes).map(Entry::Redaction),
            Ok(act::HEADER) => Act::parse(bytes).map(Entry::Act),
            Ok(heartbeat::HEADER) => Heartbeat::parse(bytes).map(Entry::Heartbeat),
            _ => Err(TextError { what: "entry", line: 1, why: "unknown kind of entry".to_string() }),
        }
    }

    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        match self {
            Entry::Batch(entry) => entry.to_text(),
            Entry::Extent(entry) => entry.to_text(),
            Entry::Lifecycle(entry) => entry.to_text(),
            Entry::Redaction(entry) => entry.to_text(),
            Entry::Act(entry) => entry.to_text(),
            Entry::Heartbeat(entry) => entry.to_text(),
        }
    }

    /// Returns the entry's bytes for the log, after reading them back: what is sealed wrong stays wrong.
    ///
    /// # Errors
    /// When the entry is longer than 65,535 bytes, or would not come back as it is: a name with a line feed in it, a batch without
    /// records, ranges that do not ascend.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let bytes = self.to_text().into_bytes();
        let error = |why: &str| TextError { what: "entry", line: 0, why: why.to_string() };
        if bytes.len() > crate::tile::ENTRY_BYTES_MAX {
            return Err(error("longer than 65,535 bytes"));
        }
        if Entry::parse(&bytes)? == *self { Ok(bytes) } else { Err(error("it does not come back as it is")) }
    }

    /// Returns the entry's hash as a leaf of the log.
    pub fn leaf(&self) -> Hash {
        Hash::leaf(self.to_text().as_bytes())
    }
}

/// Writes lines of a key and a value under a header.
struct Text(String);

impl Text {
    fn new(header: &str) -> Text {
        Text(format!("{header}\n"))
    }

    fn line(mut self, key: &str, value: impl Display) -> Text {
        self.0.push_str(&format!("{key} {value}\n"));
        self
    }

    fn lines<T: Display>(self, key: &str, values: impl IntoIterator<Item = T>) -> Text {
        values.into_iter().fold(self, |text, value| text.line(key, value))
    }

    /// Writes a time; one outside the years 1 to 9999, which no clock shows, as a text that no reader takes.
    fn time(self, ticks: i64) -> Text {
        self.line("time", crate::ticks_text(ticks).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of every kind, with and without their optional lines.
    pub(super) fn examples() -> Vec<Entry> {
        let table = "SigninLogs".to_string();
        let time = 639_000_000_000_000_000;
        let batch = BatchEntry {
            table: table.clone(),
            schema_id: 3,
            schema_hash: Hash::of(b"schema"),
            first: 0,
            count: 4096,
            time,
            root: Hash::of(b"root"),
            prev: None,
        };
        let range = |first, count| SeqRange { first, count };
        let part = |bytes, text: &[u8]| FilePart { bytes, hash: Hash::of(text) };
        let extent = Extent {
            table: table.clone(),
            path: "data/SigninLogs/2026-01-02/a.parquet".to_string(),
            bytes: 10_000,
            rows: 90,
            file: Hash::of(b"file"),
            row_groups: vec![part(5_000, b"one"), part(3_000, b"two")],
            terms: None,
            footer: part(1_996, b"footer"),
            records: vec![range(0, 80), range(90, 10)],
            replaces: Vec::new(),
            time,
        };
        let redaction = Redaction {
            table: table.clone(),
            record: 17,
            columns: vec![2, 5],
            authorities: vec!["request/81".to_string(), "approval/82".to_string()],
            time,
        };
        let lifecycle = Lifecycle {
            table: table.clone(),
            policy: "default-90d".to_string(),
            records: range(0, 80),
            files: vec![Hash::of(b"file")],
            n_holds: 2,
            time,
        };
        let act = Act {
            kind: ActKind::HoldSet,
            subject: "case 7".to_string(),
            document: Hash::of(b"document"),
            authorities: vec!["approval/9".to_string()],
            time,
        };
        let heartbeat = Heartbeat { time, tables: vec![("AuditLogs".to_string(), 0), (table, 4096)] };
        let next = BatchEntry { first: 4096, prev: Some(Hash::of(b"prev")), ..batch.clone() };
        vec![
            Entry::Batch(batch),
            Entry::Batch(next),
            Entry::Extent(Extent {
                bytes: 10_500,
                terms: Some(part(500, b"terms")),
                replaces: vec![Hash::of(b"old")],
                ..extent.clone()
            }),
            Entry::Extent(extent),
            Entry::Redaction(redaction),
            Entry::Lifecycle(lifecycle),
            Entry::Act(act),
            Entry::Heartbeat(Heartbeat { tables: Vec::new(), ..heartbeat.clone() }),
            Entry::Heartbeat(heartbeat),
        ]
    }

    #[test]
    fn entries_come_back() {
        for entry in examples() {
            assert_eq!(Entry::parse(entry.to_text().as_bytes()), Ok(entry.clone()), "{}", entry.to_text());
        }
    }

    #[test]
    fn entries_that_would_not_come_back_are_not_written() {
        for entry in examples() {
            assert_eq!(entry.to_bytes().as_deref(), Ok(entry.to_text().as_bytes()));
        }
        let heartbeat = |name: &str, n| {
            let tables = (0..n).map(|number| (format!("{name}{number:04}"), 1)).collect();
            Entry::Heartbeat(Heartbeat { time: 0, tables })
        };
        assert!(heartbeat("T", 10).to_bytes().is_ok());
        assert!(heartbeat("T\ntable 1 U", 1).to_bytes().is_err());
        assert!(heartbeat(&"T".repeat(100), 1000).to_bytes().is_err());
        assert!(Entry::Heartbeat(Heartbeat { time: -1, tables: Vec::new() }).to_bytes().is_err());
        for entry in examples() {
            if let Entry::Batch(batch) = entry {
                assert!(Entry::Batch(BatchEntry { count: 0, ..batch.clone() }).to_bytes().is_err());
                assert!(Entry::Batch(BatchEntry { table: "a\nb".to_string(), ..batch.clone() }).to_bytes().is_err());
                assert!(Entry::Batch(BatchEntry { first: 1, prev: None, ..batch }).to_bytes().is_err());
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_refused_or_means_something_else() {
        for entry in examples() {
            let text = entry.to_text().into_bytes();
            for bit in 0..text.len() * 8 {
                let mut flipped = text.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(other) = Entry::parse(&flipped) {
                    assert_eq!(other.to_text().as_bytes(), flipped, "another form is read");
                    assert_ne!(other, entry);
                }
            }
            for end in 0..text.len() {
                if let Ok(other) = Entry::parse(&text[..end]) {
                    assert_ne!(other, entry);
                }
            }
        }
    }
}
