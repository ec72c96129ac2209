//! What comes out of a parser: records by table, rejects, and how many there were of each.

use crate::row::Row;
use schema::{Column, KqlType};
use std::collections::BTreeMap;

/// Bytes of the records that one item becomes, beyond which its further parts are rejected: what the parts have in common is repeated
/// in each of them.
pub const ITEM_RECORDS_BYTES_MAX: usize = 64 << 20;
/// Bytes of a column's name in a header at most, and of all of them.
pub(crate) const NAME_BYTES_MAX: usize = 1024;
pub(crate) const HEADER_BYTES_MAX: usize = 64 << 10;
/// Columns that the records of one batch may ask for beside the built-in ones; what comes beyond them stays in the table's bag.
pub const COLUMNS_MAX: usize = 500;
/// Bytes that are made before somebody takes them.
const ROOM_BYTES: usize = 16 << 20;

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
    /// It is longer than [`crate::ITEM_BYTES_MAX`], or becomes more than [`ITEM_RECORDS_BYTES_MAX`].
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

impl TableBatch {
    /// Adds the records of another one behind these.
    pub fn add(&mut self, other: TableBatch) {
        for Column { name, ktype, .. } in other.columns {
            add_column(&mut self.columns, name, ktype);
        }
        self.body.push_str(&other.body);
        self.n += other.n;
    }
}

/// What a parser has made and nobody has taken yet, and the counts of all that it made.
#[derive(Debug, Default)]
pub struct Output {
    pub tables: BTreeMap<String, TableBatch>,
    pub rejects: Vec<Reject>,
    pub counts: Counts,
    /// Bytes of the records and rejects that nobody has taken yet.
    held: usize,
    /// Bytes of the records that the item at hand became so far.
    of_item: usize,
}

impl Output {
    /// Returns whether it holds as much as it should. A parser stops then and keeps what it has not looked at: take what is here and
    /// push on, if only nothing.
    pub fn is_full(&self) -> bool {
        self.held >= ROOM_BYTES
    }

    /// Takes the records that are there, by table. Counts stay.
    pub fn take_tables(&mut self) -> BTreeMap<String, TableBatch> {
        self.held = self.rejects.iter().map(|reject| reject.raw.len()).sum();
        std::mem::take(&mut self.tables)
    }

    /// Takes the rejects that are there. Counts stay.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        self.held = self.tables.values().map(|batch| batch.body.len()).sum();
        std::mem::take(&mut self.rejects)
    }

    /// Says that what follows is of another item.
    pub(crate) fn begin_item(&mut self) {
        self.of_item = 0;
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
        self.held += raw.len();
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

    /// Adds what is made of one of many parts of an item, each of which repeats what they have in common: not made any more when that
    /// is too much.
    pub(crate) fn part(&mut self, raw: &str, make: impl FnOnce() -> Result<Row, String>) {
        if self.of_item > ITEM_RECORDS_BYTES_MAX {
            let detail = format!("what it is a part of becomes more than {ITEM_RECORDS_BYTES_MAX} bytes of records");
            return self.reject(Reason::Oversized, detail, raw.as_bytes());
        }
        let made = make();
        self.of_item += made.as_ref().map_or(0, Row::len);
        self.result(made, raw);
    }

    fn append(&mut self, row: Row) {
        let (table, columns, json) = row.into_parts();
        let batch = self.tables.entry(table.into_owned()).or_default();
        for (name, ktype) in columns {
            add_column(&mut batch.columns, name, ktype);
        }
        self.held += json.len();
        batch.body.push_str(&json);
        batch.body.push('\n');
        batch.n += 1;
    }
}

/// Returns whether names that many records repeat are too long for that.
pub(crate) fn is_too_long(header: &[String]) -> bool {
    header.iter().any(|name| name.len() > NAME_BYTES_MAX)
        || header.iter().map(String::len).sum::<usize>() > HEADER_BYTES_MAX
}

fn add_column(columns: &mut Vec<Column>, name: String, ktype: KqlType) {
    if columns.len() < COLUMNS_MAX && !columns.iter().any(|column| column.name == name) {
        columns.push(Column::new(name, ktype));
    }
}
