//! A sign of life, which makes silence provable.

use super::Text;
use crate::TextError;
use crate::text::Lines;

pub(super) const HEADER: &str = "vidimus.heartbeat.v1";

/// The entry of a moment in which the log was alive, and how far each table had come.
///
/// Without it nobody could tell a quiet night from a night that was cut out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// When, in ticks.
    pub time: i64,
    /// Tables and the number that their next record will have, by name.
    pub tables: Vec<(String, u64)>,
}

impl Heartbeat {
    /// Returns the entry as it is written.
    pub fn to_text(&self) -> String {
        let tables = self.tables.iter().map(|(name, next)| format!("{next} {name}"));
        Text::new(HEADER).time(self.time).lines("table", tables).0
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Heartbeat, TextError> {
        let mut lines = Lines::new("heartbeat", bytes)?;
        lines.expect(HEADER)?;
        let time = lines.time("time")?;
        let mut tables: Vec<(String, u64)> = Vec::new();
        while let Some(line) = lines.next_if("table") {
            let (next, name) = line.split_once(' ').ok_or_else(|| lines.error("no name"))?;
            let (next, name) = (lines.as_number(next)?, lines.as_name(name)?);
            if tables.last().is_some_and(|(before, _)| *before >= name) {
                return Err(lines.error("tables ascend by name"));
            }
            tables.push((name, next));
        }
        lines.end()?;
        Ok(Heartbeat { time, tables })
    }
}
