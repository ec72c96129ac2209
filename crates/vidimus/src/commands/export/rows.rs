//! Rows that are to be proved: where they are in the log, and digests of what they say, so that they can be compared with evidence
//! that comes later.

use crate::evidence::{ENTRY_COLUMN, POSITION_COLUMN};
use anyhow::{Context, bail};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use ingest::{BUNDLE_RECORDS_MAX, ColumnCells};
use schema::{Column, Dynamic};
use tlog::Hash;
use tlog::bundle::{Report, ShownCell};
use tlog::record::{Cell, Cells, cell_digest, leaf_of_digests};

/// Rows of a table, in the order of the result.
pub struct ProvedRows {
    table: String,
    table_columns: Vec<Column>,
    /// The result's columns that are the table's, with their places in the result.
    columns: Vec<(usize, Column)>,
    entry_idx: usize,
    position_idx: usize,
    rows: Vec<ProvedRow>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ProvedRow {
    entry: u64,
    position: u64,
    /// Of the cells.
    digest: Hash,
}

impl ProvedRows {
    /// Begins with a table and its columns.
    pub fn of_table((table, table_columns): (String, Vec<Column>)) -> ProvedRows {
        ProvedRows { table, table_columns, columns: Vec::new(), entry_idx: 0, position_idx: 0, rows: Vec::new() }
    }

    pub fn table(&self) -> &str {
        &self.table
    }

    /// Takes the columns of the result, each of which is one of the table or says where the record is.
    pub fn begin(&mut self, columns: &[Column]) -> anyhow::Result<()> {
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let missing = || format!("the rows do not have the columns {ENTRY_COLUMN} and {POSITION_COLUMN}");
        self.entry_idx = place(ENTRY_COLUMN).with_context(missing)?;
        self.position_idx = place(POSITION_COLUMN).with_context(missing)?;
        for (idx, column) in columns.iter().enumerate() {
            if idx == self.entry_idx || idx == self.position_idx {
                continue;
            }
            let is_own = |own: &Column| own.name == column.name && own.ktype == column.ktype;
            if !self.table_columns.iter().any(is_own) || self.columns.iter().any(|(_, own)| own.name == column.name) {
                let (table, name) = (&self.table, &column.name);
                bail!("`{name}` is no column of the table `{table}`: no proof of what is computed can be given");
            }
            self.columns.push((idx, column.clone()));
        }
        Ok(())
    }

    /// Takes rows.
    pub fn add(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        if (self.rows.len() + batch.num_rows()) as u64 > BUNDLE_RECORDS_MAX {
            bail!(
                "there are more than {BUNDLE_RECORDS_MAX} rows, and evidence is about so many at most: export less at a time"
            );
        }
        let array = |idx: usize| batch.columns().get(idx).context("the server's answer lacks a column");
        let numbers = |idx: usize| {
            let numbers = array(idx)?.as_primitive_opt::<Int64Type>();
            numbers.context("the server's answer names no places in the log")
        };
        let (entries, positions) = (numbers(self.entry_idx)?, numbers(self.position_idx)?);
        let mut cells = Vec::with_capacity(self.columns.len());
        for (idx, column) in &self.columns {
            let of_column = ColumnCells::new(array(*idx)?, column.ktype);
            cells.push(of_column.context("the server's answer has a column of another type than it says")?);
        }
        for row in 0..batch.num_rows() {
            let number = |of: &arrow::array::Int64Array| {
                let number = u64::try_from(of.value(row)).ok().filter(|_| of.is_valid(row));
                number.context("a row is not a record of a table: no proof of it can be given")
            };
            let digest = digest(cells.iter().map(|column| column.cell(row)));
            self.rows.push(ProvedRow { entry: number(entries)?, position: number(positions)?, digest });
        }
        Ok(())
    }

    /// Returns where the rows are in the log, ascending.
    pub fn places(&self) -> anyhow::Result<Vec<(u64, u64)>> {
        let mut places: Vec<(u64, u64)> = self.rows.iter().map(|row| (row.entry, row.position)).collect();
        places.sort_unstable();
        if places.is_empty() {
            bail!("there are no rows, and nothing to prove");
        }
        if let Some([(entry, position), _]) = places.array_windows().find(|[a, b]| a == b) {
            bail!(
                "the record at position {position} of entry {entry} is there twice: no proof of its rows can be given"
            );
        }
        Ok(places)
    }

    /// Returns the columns that the rows do not show.
    pub fn hidden(&self) -> Vec<String> {
        let is_shown = |column: &&Column| self.columns.iter().any(|(_, shown)| shown.name == column.name);
        self.table_columns.iter().filter(|column| !is_shown(column)).map(|column| column.name.clone()).collect()
    }

    /// Makes sure that each row says what the record at its place says, and that the evidence is about no others.
    pub fn compare(&self, report: &Report) -> anyhow::Result<()> {
        // Records are numbered in the order of their places.
        let mut rows = self.rows.clone();
        rows.sort_unstable();
        let mut records: Vec<_> = report.rows.iter().filter(|record| record.table == self.table).collect();
        records.sort_unstable_by_key(|record| record.record);
        if records.len() != rows.len() || report.rows.len() != rows.len() {
            bail!("the evidence is about {} records, and there are {} rows", report.rows.len(), rows.len());
        }
        for (row, record) in rows.iter().zip(records) {
            let cell = |(_, column): &(usize, Column)| {
                let found = record.cells.iter().find(|(name, _)| *name == column.name);
                match found {
                    Some((_, ShownCell::Value(cell))) => cell.clone(),
                    Some((_, ShownCell::Hidden)) | None => Cell::Absent,
                }
            };
            if digest(self.columns.iter().map(cell)) != row.digest {
                let ProvedRow { entry, position, .. } = row;
                bail!(
                    "a row is not the record at its place, position {position} of entry {entry}, but computed: no proof of \
                     it can be given"
                );
            }
        }
        Ok(())
    }
}

/// Returns a digest of cells, equal for what a reader cannot tell apart: dynamic values are compared as values.
fn digest<'a>(cells: impl Iterator<Item = Cell<'a>>) -> Hash {
    let digests = cells.zip(0..).filter_map(|(cell, column)| {
        let cell = match cell {
            Cell::Dynamic(text) => match Dynamic::parse(&text) {
                Some(Dynamic::Null) => Cell::Absent,
                Some(value) => Cell::Dynamic(value.to_json().into()),
                None => Cell::Dynamic(text),
            },
            other => other,
        };
        Some((column, cell_digest(&[0; 16], column, &cell)?))
    });
    leaf_of_digests(0, &digests.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_cannot_tell_apart_has_one_digest() {
        let of = |cells: &[Cell<'static>]| digest(cells.iter().cloned());
        let dynamic = |text: &'static str| of(&[Cell::Dynamic(text.into())]);
        assert_eq!(dynamic(r#"{"a": [1, "x"]}"#), dynamic(r#"{"a":[1,"\u0078"]}"#));
        assert_ne!(dynamic("[1]"), dynamic("[2]"));
        assert_eq!(dynamic("null"), of(&[Cell::Absent]));
        assert_ne!(of(&[Cell::Absent, Cell::Long(1)]), of(&[Cell::Long(1), Cell::Absent]));
        assert_ne!(of(&[Cell::Long(1)]), of(&[Cell::Int(1)]));
    }
}
