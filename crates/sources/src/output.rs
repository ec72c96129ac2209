//! What comes out of a parser: records by table, rejects, and how many there were of each.

use crate::row::Row;
use schema::{Column, KqlType};
use std::collections::BTreeMap;

/// How many records were read, and what became of them: `read` is always `taken` and `rejected` together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub read: u64,
    pub taken: u64,
    pub rejected: u64,
    /// Records that were calculated from those that were read, such as metrics.
    pub derived: u64,
}

/// Why a record was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not what the format says.
    Malformed,
    /// It is longer than [`crate::ITEM_BYTES_MAX`].
    Oversized,
    /// Its bytes are not UTF-8.
    Encoding,
}

impl Reason {
    /// Returns the reason as it is stored and sent.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Malformed => "Malformed",
            Reason::Oversized => "Oversized",
            Reason::Encoding => "Encoding",
        }
    }
}

/// A record that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its place among the records that were read, from 0.
    pub position: u64,
    pub reason: Reason,
    /// What is wrong.
    pub detail: String,
    /// Its bytes as they were read.
    pub raw: Vec<u8>,
}

/// Records of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableBatch {
    /// Columns that the records need and the built-in table lacks.
    pub columns: Vec<Column>,
    /// One JSON object a line.
    pub body: String,
    pub n: u64,
}

/// What a parser has made and nobody has taken yet, and the counts of all that it made.
#[derive(Debug, Default)]
pub struct Output {
    pub tables: BTreeMap<String, TableBatch>,
    pub rejects: Vec<Reject>,
    pub counts: Counts,
}

impl Output {
    /// Takes the records that are there, by table. Counts stay.
    pub fn take_tables(&mut self) -> BTreeMap<String, TableBatch> {
        std::mem::take(&mut self.tables)
    }

    /// Takes the rejects that are there. Counts stay.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }

    /// Adds a record that was read.
    pub(crate) fn record(&mut self, row: Row) {
        self.counts.read += 1;
        self.counts.taken += 1;
        self.append(row);
    }

    /// Adds a record that was calculated.
    pub(crate) fn derived(&mut self, row: Row) {
        self.counts.derived += 1;
        self.append(row);
    }

    /// Adds a record that was read and is none.
    pub(crate) fn reject(&mut self, reason: Reason, detail: impl Into<String>, raw: &[u8]) {
        self.rejects.push(Reject { position: self.counts.read, reason, detail: detail.into(), raw: raw.to_vec() });
        self.counts.read += 1;
        self.counts.rejected += 1;
    }

    /// Adds what was made of a record: a row, or why there is none.
    pub(crate) fn result(&mut self, made: Result<Row, String>, raw: &str) {
        match made {
            Ok(row) => self.record(row),
            Err(detail) => self.reject(Reason::Malformed, detail, raw.as_bytes()),
        }
    }

    fn append(&mut self, row: Row) {
        let (table, columns, json) = row.into_parts();
        let batch = self.tables.entry(table.into_owned()).or_default();
        for (name, ktype) in columns {
            add_column(&mut batch.columns, name, ktype);
        }
        batch.body.push_str(&json);
        batch.body.push('\n');
        batch.n += 1;
    }
}

fn add_column(columns: &mut Vec<Column>, name: String, ktype: KqlType) {
    if !columns.iter().any(|column| column.name == name) {
        columns.push(Column::new(name, ktype));
    }
}
