//! A batch: records of one table that were sealed together.

use super::Text;
use crate::text::Lines;
use crate::{Hash, TextError};

pub(super) const HEADER: &str = "vidimus.batch.v1";

/// The entry of a batch.
///
/// Numbers of records run through a table from 0. Each batch names the first number, how many follow, and the batch before it,
/// so that a missing, inserted or repeated batch breaks the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEntry {
    pub table: String,
    pub schema_id: u32,
    /// The hash of the schema's text.
    pub schema_hash: Hash,
    /// The number of the first record in the table.
    pub first: u64,
    /// How many records; at least 1.
    pub count: u64,
    /// When the batch was sealed, in ticks.
    pub time: i64,
    /// The root of the tree over the records.
    pub root: Hash,
    /// The leaf hash of the table's batch before this one; `None` for its first.
    pub prev: Option<Hash>,
}

impl BatchEntry {
    /// Returns the number after the last record's.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Returns the entry's hash as a leaf of the log, which the table's next batch names.
    pub fn leaf(&self) -> Hash {
        Hash::leaf(self.to_text().as_bytes())
    }

    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        let text = Text::new(HEADER)
            .line("table", &self.table)
            .line("schema", format_args!("{} {}", self.schema_id, self.schema_hash))
            .line("first", self.first)
            .line("count", self.count)
            .time(self.time)
            .line("root", self.root);
        text.lines("prev", self.prev).0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form, no records, or lacks the batch before it although it is not the first.
    pub fn parse(bytes: &[u8]) -> Result<BatchEntry, TextError> {
        let mut lines = Lines::new("batch", bytes)?;
        lines.expect(HEADER)?;
        let table = lines.name("table")?;
        let schema = lines.field("schema")?;
        let (id, hash) = schema.split_once(' ').ok_or_else(|| lines.error("no hash of the schema"))?;
        let id = lines.as_number(id)?;
        let schema_id = u32::try_from(id).map_err(|_| lines.error("the schema's number is too large"))?;
        let schema_hash = lines.as_hash(hash)?;
        let first = lines.number("first")?;
        let count = lines.number("count")?;
        if count == 0 || first.checked_add(count).is_none() {
            return Err(lines.error("a batch has at least one record and numbers below 2^64"));
        }
        let time = lines.time("time")?;
        let root = lines.hash("root")?;
        let prev = if first == 0 { None } else { Some(lines.hash("prev")?) };
        lines.end()?;
        Ok(BatchEntry { table, schema_id, schema_hash, first, count, time, root, prev })
    }
}
