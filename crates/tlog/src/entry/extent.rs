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

/// Consecutive bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePart {
    pub bytes: u64,
    pub hash: Hash,
}

impl std::fmt::Display for FilePart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.bytes, self.hash)
    }
}

/// Bytes before a Parquet file's first row group: `PAR1`.
pub const EXTENT_HEAD_BYTES: u64 = 4;

/// The entry of a data file, which is Parquet: its first four bytes, row groups, perhaps an index of terms, and everything after that,
/// the footer.
///
/// Hashing rows alone would not do: a changed statistic in the footer hides rows from queries and leaves every row as it was.
/// So the footer and each row group are sealed too, and a reader verifies what it opens. Where the parts are, the entry says itself,
/// so that nothing of a file is looked at before it was verified. Merging files names those replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub table: String,
    pub path: String,
    pub bytes: u64,
    pub rows: u64,
    /// The hash of the whole file.
    pub file: Hash,
    pub row_groups: Vec<FilePart>,
    /// The index of terms.
    pub terms: Option<FilePart>,
    pub footer: FilePart,
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
            .lines("row-group", &self.row_groups)
            .lines("terms", self.terms)
            .line("footer", self.footer)
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
        let file = lines.hash("file")?;
        let mut row_groups = Vec::new();
        while let Some(part) = lines.next_if("row-group") {
            row_groups.push(file_part(&lines, part)?);
        }
        let terms = lines.next_if("terms").map(|part| file_part(&lines, part)).transpose()?;
        let footer = lines.field("footer")?;
        let footer = file_part(&lines, footer)?;
        let parts = row_groups.iter().chain(&terms).chain([&footer]);
        let sum = parts.fold(EXTENT_HEAD_BYTES, |sum, part| sum.saturating_add(part.bytes));
        if sum != bytes {
            return Err(lines.error("the parts are not as long as the file"));
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
        Ok(Extent { table, path, bytes, rows, file, row_groups, terms, footer, records, replaces, time })
    }
}

fn file_part(lines: &Lines<'_>, text: &str) -> Result<FilePart, TextError> {
    let (bytes, hash) = text.split_once(' ').ok_or_else(|| lines.error("not a length and a hash"))?;
    Ok(FilePart { bytes: lines.as_number(bytes)?, hash: lines.as_hash(hash)? })
}
