//! Erasing cells of a subject's records: the values go, with all from which they could be guessed, and every root and proof stays valid.
//!
//! ```text
//! flush ─► find the records ─► no hold covers them ─► act and an entry for each record ─► files anew ─► write-ahead log forgets
//! ```

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{BATCH_COLUMN, ExtentFile, POSITION_COLUMN, TIME_COLUMN, from_file};
use lifecycle::{Document, Erasure, Rules};
use schema::{Column, KqlType};
use sequencer::Request;
use stdx::crash_point;
use tlog::entry::{Entry, Redaction};

use crate::error::{ActError, VaultError};
use crate::file::extent_error;
use crate::table::Table;
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// Records that are erased by one act at most: each has an entry.
const RECORDS_MAX: usize = 100_000;
/// Entries that wait for the sequencer at a time.
const WAITING_MAX: usize = 256;

/// Whose cells are to be erased.
#[derive(Clone, PartialEq, Eq)]
pub enum Selection {
    /// Records by the entry of their batch and their position in it.
    Records(BTreeSet<(u64, u64)>),
    /// Records that have exactly this text in a column.
    Equal { column: String, value: String },
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Records of which some cell was erased.
    pub n_records: u64,
    /// The index of the act's entry; `None` when there was nothing to erase.
    pub act: Option<u64>,
}

/// A record that was found: its number and time.
type Found = BTreeMap<u64, i64>;

impl Vault {
    /// Erases columns of records, for good. `authorities` say who asked and who approved, as references.
    ///
    /// # Errors
    /// When there is no such table, column or record, a legal hold covers one of the records, or files cannot be written.
    pub fn erase(
        &self,
        workspace: &str,
        table: &str,
        selection: &Selection,
        columns: &[String],
        reason: &str,
        authorities: &[String],
    ) -> Result<Erased, ActError> {
        let inner = &self.inner;
        let workspace = inner.governed(workspace)?;
        let unknown = || ActError::UnknownTable { name: table.to_string() };
        let table = workspace.find_table(table).filter(|table| table.schema().is_some()).ok_or_else(unknown)?;
        let ids = column_ids(&table, columns)?;
        let mut governance = workspace.govern()?;
        let end = table.state().catalog.next();
        inner.flush_below(&workspace, &table, end)?;
        // Files that are joined meanwhile would have the cells, and an entry after those that say they are gone.
        let rewriting = table.rewriting();
        let found = find(&table, selection)?;
        check_holds(&governance.rules, &table, &found)?;
        let due = not_erased(&table, &found, &ids);
        let (name, reason, n_records) = (table.name().to_string(), reason.to_string(), due.len() as u64);
        let document = Document::Erasure(Erasure { table: name, columns: columns.to_vec(), n_records, reason });
        document.check()?;
        if due.is_empty() {
            // What an earlier order could not finish is not gone yet.
            inner.finish_erasures(&workspace, &table, &rewriting)?;
            drop(rewriting);
            inner.finish_forgetting()?;
            return Ok(Erased { n_records: 0, act: None });
        }
        if due.len() > RECORDS_MAX {
            return Err(ActError::TooMany { n: due.len(), max: RECORDS_MAX });
        }
        let forgetting = inner.begin_forgetting()?;
        let act = inner.seal_act(&workspace, &mut governance.rules, document, authorities)?;
        inner.seal_redactions(&workspace, &table, due, act, authorities)?;
        crash_point("erase.ordered");
        inner.finish_erasures(&workspace, &table, &rewriting)?;
        drop(rewriting);
        inner.forget(forgetting)?;
        Ok(Erased { n_records, act: Some(act) })
    }
}

impl Inner {
    /// Seals which cells of which records go. All of them are sealed before the first file is written anew.
    fn seal_redactions(
        &self,
        workspace: &Workspace,
        table: &Table,
        due: Vec<(u64, Vec<u16>)>,
        act: u64,
        authorities: &[String],
    ) -> Result<(), VaultError> {
        let all: Vec<String> = std::iter::once(format!("act/{act}")).chain(authorities.iter().cloned()).collect();
        let time = self.clock.now_ticks();
        let redaction = |(record, columns)| {
            let (table, authorities) = (table.name().to_string(), all.clone());
            Redaction { table, record, columns, authorities, time }
        };
        let redactions: Vec<Redaction> = due.into_iter().map(redaction).collect();
        for part in redactions.chunks(WAITING_MAX) {
            let mut waiting = Vec::with_capacity(part.len());
            for redaction in part {
                let (workspace, entry) = (workspace.name().to_string(), Entry::Redaction(redaction.clone()));
                waiting.push(self.sequencer.submit(Request::Entry { workspace, entry }));
            }
            for (redaction, ticket) in part.iter().zip(waiting) {
                let entry = match ticket.and_then(|ticket| ticket.wait()) {
                    Ok(receipt) => receipt.entry,
                    // There was no room for so many at once.
                    Err(_) => self.seal_entry(workspace, Entry::Redaction(redaction.clone()))?,
                };
                table.state().catalog.push_redaction(entry, redaction);
            }
        }
        Ok(())
    }
}

/// Returns the ids of columns.
fn column_ids(table: &Table, names: &[String]) -> Result<Vec<u16>, ActError> {
    let schema = table.schema().ok_or_else(|| ActError::UnknownTable { name: table.name().to_string() })?;
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        if name == TIME_COLUMN {
            return Err(ActError::FixedColumn { name: name.clone() });
        }
        let column = schema.doc().columns.iter().find(|column| column.name == *name);
        let unknown = || ActError::UnknownColumn { table: table.name().to_string(), name: name.clone() };
        ids.push(column.ok_or_else(unknown)?.id);
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { Err(ActError::NoColumns) } else { Ok(ids) }
}

fn check_holds(rules: &Rules, table: &Table, found: &Found) -> Result<(), ActError> {
    for time in found.values() {
        if let Some(hold) = rules.hold_on(table.name(), *time, *time) {
            return Err(ActError::Held { hold: hold.name.clone() });
        }
    }
    Ok(())
}

/// Returns the columns of each record that no entry says are erased.
fn not_erased(table: &Table, found: &Found, ids: &[u16]) -> Vec<(u64, Vec<u16>)> {
    let state = table.state();
    let due = |record: &u64| {
        let erased = state.catalog.erased.get(record);
        let is_due = |id: &&u16| erased.is_none_or(|erased| !erased.contains_key(*id));
        (*record, ids.iter().filter(is_due).copied().collect::<Vec<u16>>())
    };
    found.keys().map(due).filter(|(_, columns)| !columns.is_empty()).collect()
}

/// Finds records in the files of a table.
fn find(table: &Table, selection: &Selection) -> Result<Found, ActError> {
    let snapshot = table.snapshot()?;
    let mut found = Found::new();
    match selection {
        Selection::Equal { column, value } => {
            let unknown = || ActError::UnknownColumn { table: table.name().to_string(), name: column.clone() };
            let column = snapshot.schema.columns().iter().find(|known| known.name == *column).ok_or_else(unknown)?;
            if !matches!(column.ktype, KqlType::String | KqlType::Guid | KqlType::Dynamic) {
                return Err(ActError::NoText { name: column.name.clone() });
            }
            let is_guid = column.ktype == KqlType::Guid;
            let guid = guid_digits(value);
            let is_equal = |text: &str| if is_guid { guid_digits(text) == guid } else { text == value };
            for file in &snapshot.files {
                find_in(table, file, Some(column), |_, _, text| text.is_some_and(is_equal), &mut found)?;
            }
        }
        Selection::Records(records) => {
            for (entry, position) in records {
                let state = table.state();
                let batch = state.catalog.batch(*entry).filter(|batch| *position < batch.count);
                if batch.is_none() {
                    let (table, entry, position) = (table.name().to_string(), *entry, *position);
                    return Err(ActError::UnknownRecord { table, entry, position });
                }
            }
            for file in &snapshot.files {
                find_in(table, file, None, |entry, position, _| records.contains(&(entry, position)), &mut found)?;
            }
        }
    }
    Ok(found)
}

/// Finds records in a file.
fn find_in(
    table: &Table,
    file: &std::sync::Arc<ExtentFile>,
    column: Option<&Column>,
    is_wanted: impl Fn(u64, u64, Option<&str>) -> bool,
    found: &mut Found,
) -> Result<(), ActError> {
    let columns: Vec<Column> =
        std::iter::once(Column::new(TIME_COLUMN, KqlType::Datetime)).chain(column.cloned()).collect();
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.extend([BATCH_COLUMN, POSITION_COLUMN]);
    let mut failed = None;
    let read = file.rows(&names, None, |rows| {
        let rows = match from_file(&rows, &columns) {
            Ok(rows) => rows,
            Err(error) => {
                failed = Some(error);
                return Ok(());
            }
        };
        let times = rows.column(0).as_primitive_opt::<Int64Type>();
        let texts = column.and_then(|_| rows.column(1).as_string_view_opt());
        let entries = rows.column(columns.len()).as_primitive_opt::<Int64Type>();
        let positions = rows.column(columns.len() + 1).as_primitive_opt::<Int32Type>();
        let (Some(times), Some(entries), Some(positions)) = (times, entries, positions) else { return Ok(()) };
        let state = table.state();
        for row in 0..rows.num_rows() {
            let (Ok(entry), Ok(position)) = (u64::try_from(entries.value(row)), u64::try_from(positions.value(row)))
            else {
                continue;
            };
            let text = texts.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row));
            if !is_wanted(entry, position, text) {
                continue;
            }
            if let Some(batch) = state.catalog.batch(entry) {
                let time = if times.is_valid(row) { times.value(row) } else { 0 };
                found.insert(batch.first.saturating_add(position), time);
            }
        }
        Ok(())
    });
    read.map_err(extent_error(table))?;
    match failed {
        Some(error) => Err(VaultError::Internal(error.to_string()).into()),
        None => Ok(()),
    }
}

/// Returns a guid without what may be written in one way or another.
fn guid_digits(text: &str) -> String {
    let digits = text.chars().filter(|c| !matches!(c, '{' | '}' | '(' | ')' | '-'));
    digits.map(|c| c.to_ascii_lowercase()).collect()
}
