//! Cells of a record that were erased.

use super::Text;
use crate::TextError;
use crate::text::Lines;

pub(super) const HEADER: &str = "vidimus.redaction.v1";

/// The entry of an erasure: which cells went and on whose authority. What was in them it does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub table: String,
    /// The record's number in the table.
    pub record: u64,
    /// The columns' ids, ascending; at least one.
    pub columns: Vec<u16>,
    /// Who asked and who approved, as references to records of the control plane; at least one.
    pub authorities: Vec<String>,
    /// When, in ticks.
    pub time: i64,
}

impl Redaction {
    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        Text::new(HEADER)
            .line("table", &self.table)
            .line("record", self.record)
            .lines("column", &self.columns)
            .lines("authority", &self.authorities)
            .time(self.time)
            .0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Redaction, TextError> {
        let mut lines = Lines::new("redaction", bytes)?;
        lines.expect(HEADER)?;
        let table = lines.name("table")?;
        let record = lines.number("record")?;
        let mut columns = Vec::new();
        while let Some(id) = lines.next_if("column") {
            let id = lines.as_number(id)?;
            columns.push(u16::try_from(id).map_err(|_| lines.error("not a column's id"))?);
        }
        if columns.is_empty() || !columns.is_sorted_by(|a, b| a < b) {
            return Err(lines.error("columns ascend, and there is one at least"));
        }
        let authorities = authorities(&mut lines)?;
        let time = lines.time("time")?;
        lines.end()?;
        Ok(Redaction { table, record, columns, authorities, time })
    }
}

/// Reads the lines that say on whose authority something was done.
pub(super) fn authorities(lines: &mut Lines<'_>) -> Result<Vec<String>, TextError> {
    let mut authorities = vec![lines.name("authority")?];
    while let Some(name) = lines.next_if("authority") {
        authorities.push(lines.as_name(name)?);
    }
    Ok(authorities)
}
