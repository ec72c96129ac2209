//! Data that was dropped because its time was over.

use super::{SeqRange, Text};
use crate::text::Lines;
use crate::{Hash, TextError};

pub(super) const HEADER: &str = "vidimus.lifecycle.v1";

/// The entry of records whose data files went. Their batches stay in the log: a gap without such an entry is a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    pub table: String,
    /// The retention policy that asked for it.
    pub policy: String,
    pub records: SeqRange,
    /// The hashes of the files that went.
    pub files: Vec<Hash>,
    /// How many legal holds were in force; none of them covered the records.
    pub n_holds: u64,
    /// When, in ticks.
    pub time: i64,
}

impl Lifecycle {
    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        Text::new(HEADER)
            .line("table", &self.table)
            .line("policy", &self.policy)
            .line("first", self.records.first)
            .line("count", self.records.count)
            .lines("file", &self.files)
            .line("holds", self.n_holds)
            .time(self.time)
            .0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Lifecycle, TextError> {
        let mut lines = Lines::new("lifecycle", bytes)?;
        lines.expect(HEADER)?;
        let table = lines.name("table")?;
        let policy = lines.name("policy")?;
        let records = SeqRange { first: lines.number("first")?, count: lines.number("count")? };
        let mut files = Vec::new();
        while let Some(hash) = lines.next_if("file") {
            files.push(lines.as_hash(hash)?);
        }
        let n_holds = lines.number("holds")?;
        let time = lines.time("time")?;
        lines.end()?;
        Ok(Lifecycle { table, policy, records, files, n_holds, time })
    }
}
