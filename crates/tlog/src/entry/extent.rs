//! A data file that was written from sealed records.

use super::Text;
use crate::text::Lines;
use crate::{Hash, TextError};

pub(super) const HEADER: &str = "vidimus.extent.v1";

/// A run of a table's record numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeqRange {
    pub first: u64,
    pub count: u64,
}

/// The entry of a data file.
///
/// Hashing rows alone would not do: a changed statistic in the footer hides rows from queries and leaves every row as it was.
/// So the footer and each row group are sealed too, and a reader verifies what it opens. Merging files names those replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub table: String,
    pub path: String,
    pub bytes: u64,
    pub rows: u64,
    /// The hash of the whole file.
    pub file: Hash,
    pub footer: Hash,
    /// The hash of each row group's bytes.
    pub row_groups: Vec<Hash>,
    /// The record numbers in the file, ascending.
    pub records: Vec<SeqRange>,
    /// The hashes of the files that this one replaces.
    pub replaces: Vec<Hash>,
    /// When the file was written, in ticks.
    pub time: i64,
}

impl Extent {
    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        Text::new(HEADER)
            .line("table", &self.table)
            .line("path", &self.path)
            .line("bytes", self.bytes)
            .line("rows", self.rows)
            .line("file", self.file)
            .line("footer", self.footer)
            .lines("row-group", &self.row_groups)
            .lines("records", self.records.iter().map(|range| format!("{} {}", range.first, range.count)))
            .lines("replaces", &self.replaces)
            .time(self.time)
            .0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Extent, TextError> {
        let mut lines = Lines::new("extent", bytes)?;
        lines.expect(HEADER)?;
        let table = lines.name("table")?;
        let path = lines.name("path")?;
        let (bytes, rows) = (lines.number("bytes")?, lines.number("rows")?);
        let (file, footer) = (lines.hash("file")?, lines.hash("footer")?);
        let mut row_groups = Vec::new();
        while let Some(hash) = lines.next_if("row-group") {
            row_groups.push(lines.as_hash(hash)?);
        }
        let mut records = Vec::new();
        let mut end = 0;
        while let Some(range) = lines.next_if("records") {
            let (first, count) = range.split_once(' ').ok_or_else(|| lines.error("not a range"))?;
            let (first, count) = (lines.as_number(first)?, lines.as_number(count)?);
            if first < end || count == 0 {
                return Err(lines.error("ranges ascend and are not empty"));
            }
            end = first.checked_add(count).ok_or_else(|| lines.error("the range is too large"))?;
            records.push(SeqRange { first, count });
        }
        let mut replaces = Vec::new();
        while let Some(hash) = lines.next_if("replaces") {
            replaces.push(lines.as_hash(hash)?);
        }
        let time = lines.time("time")?;
        lines.end()?;
        Ok(Extent { table, path, bytes, rows, file, footer, row_groups, records, replaces, time })
    }
}
