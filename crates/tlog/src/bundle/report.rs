//! What was proved, and what was not.

use super::show;
use crate::record::Cell;

/// The result of a verification that found nothing wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Sentences about what holds for those who trust the policy's keys.
    pub proved: Vec<String>,
    /// Sentences about what the bundle leaves open.
    pub open: Vec<String>,
    /// The verified records, by table and number.
    pub rows: Vec<ShownRow>,
}

/// A verified record.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRow {
    pub table: String,
    /// The record's number in the table.
    pub record: u64,
    /// When it was sealed, in ticks.
    pub sealed: i64,
    /// Cells that are not absent, in the order of the schema.
    pub cells: Vec<(String, ShownCell)>,
}

/// A cell of a verified record.
#[derive(Debug, Clone, PartialEq)]
pub enum ShownCell {
    Value(Cell<'static>),
    Hidden,
}

impl Report {
    /// Returns the report as it is printed.
    pub fn to_text(&self) -> String {
        let mut text = String::from("proved:\n");
        for line in &self.proved {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str("not proved:\n");
        for line in &self.open {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

impl ShownRow {
    /// Returns the record as a line of JSON: table, number and time of sealing, its cells, and the names of hidden columns.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\"_table\":");
        show::json_string(&self.table, &mut json);
        json.push_str(&format!(",\"_record\":{},\"_sealed\":", self.record));
        show::json_string(&crate::ticks_text(self.sealed).unwrap_or_default(), &mut json);
        for (name, cell) in &self.cells {
            if let ShownCell::Value(cell) = cell {
                json.push(',');
                show::json_string(name, &mut json);
                json.push(':');
                show::json_cell(cell, &mut json);
            }
        }
        let hidden: Vec<&String> =
            self.cells.iter().filter(|(_, cell)| *cell == ShownCell::Hidden).map(|(name, _)| name).collect();
        json.push_str(",\"_hidden\":[");
        for (idx, name) in hidden.into_iter().enumerate() {
            if idx > 0 {
                json.push(',');
            }
            show::json_string(name, &mut json);
        }
        json.push_str("]}");
        json
    }
}
