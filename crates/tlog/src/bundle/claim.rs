//! What a bundle claims.

use crate::TextError;
use crate::text::Lines;

const HEADER: &str = "vidimus.bundle.v1";

/// What is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The log.
    pub origin: String,
    /// By table name, ascending; none when only the growth of the log is claimed.
    pub tables: Vec<TableClaim>,
}

/// What is claimed about a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableClaim {
    pub table: String,
    pub kind: ClaimKind,
}

/// A kind of claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKind {
    /// These records are as they were sealed; there may be others.
    Rows { count: u64 },
    /// These are the records with these numbers, all of them.
    Range { first: u64, count: u64 },
    /// No record was sealed between the heartbeats that are shown: at each of them the next one would have had this number.
    Silent { next: u64 },
}

impl Claim {
    /// Returns the claim as it is written.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\norigin {}\n", self.origin);
        for TableClaim { table, kind } in &self.tables {
            text.push_str(&match kind {
                ClaimKind::Rows { count } => format!("rows {count} {table}\n"),
                ClaimKind::Range { first, count } => format!("range {first} {count} {table}\n"),
                ClaimKind::Silent { next } => format!("silent {next} {table}\n"),
            });
        }
        text
    }

    /// Reads a claim.
    ///
    /// # Errors
    /// When it has another form, tables do not ascend, or one has no records.
    pub fn parse(bytes: &[u8]) -> Result<Claim, TextError> {
        let mut lines = Lines::new("claim", bytes)?;
        lines.expect(HEADER)?;
        let origin = lines.name("origin")?;
        let mut tables: Vec<TableClaim> = Vec::new();
        while let Some(line) = lines.next() {
            let no_claim = || lines.error("not a claim about a table");
            let (word, rest) = line.split_once(' ').ok_or_else(no_claim)?;
            let (number, rest) = rest.split_once(' ').ok_or_else(no_claim)?;
            let number = lines.as_number(number)?;
            let (kind, table) = match word {
                "rows" => (ClaimKind::Rows { count: number }, rest),
                "silent" => (ClaimKind::Silent { next: number }, rest),
                "range" => {
                    let (count, table) = rest.split_once(' ').ok_or_else(no_claim)?;
                    (ClaimKind::Range { first: number, count: lines.as_number(count)? }, table)
                }
                _ => return Err(no_claim()),
            };
            let table = lines.as_name(table)?;
            let is_empty = match kind {
                ClaimKind::Rows { count } => count == 0,
                ClaimKind::Range { first, count } => count == 0 || first.checked_add(count).is_none(),
                ClaimKind::Silent { .. } => false,
            };
            if is_empty || tables.last().is_some_and(|before| before.table >= table) {
                return Err(lines.error("tables ascend and have records"));
            }
            tables.push(TableClaim { table, kind });
        }
        Ok(Claim { origin, tables })
    }
}
