//! From entries to what the store takes: lines of JSON by table, the columns that are missing, and what is no record.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use collection::{Fields, plain, push_member};
use extents::{BAG_COLUMN, TIME_COLUMN};
use files::Rejected;
use ingest::Vault;
use schema::{Column, KqlType, tables, ticks};

use super::entry::{Content, Entry, members, quoted};
use super::stream::{self, Parsed};
use super::target::{SUFFIX, Target, own_table, target};
use crate::error::ApiError;

/// The column for a text that is in no format.
const TEXT_COLUMN: &str = "Message";
/// The column for a time that `TimeGenerated` does not say as its sender did.
const TOLD_TIME_COLUMN: &str = "OriginalTime";
/// The columns for the machine that an entry is of: of Azure's tables, and of senders' own.
const COMPUTER_COLUMN: &str = "Computer";
pub(super) const HOST_COLUMN: &str = "Host";
/// Columns of a table that get added; members beyond them stay in its bag.
const COLUMNS_MAX: usize = 500;

/// Records of one table.
#[derive(Debug)]
pub(super) struct Batch {
    pub table: String,
    /// Columns that the table needs and does not have.
    pub missing: Vec<Column>,
    /// One JSON object for each record, and the entry that it is of.
    pub lines: Vec<(usize, String)>,
}

/// What becomes of entries.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub batches: Vec<Batch>,
    /// What is no record of its log format: the format, and the entries.
    pub rejects: BTreeMap<&'static str, Vec<(usize, Rejected)>>,
}

/// Plans what becomes of entries. Where senders have made `tables_max` tables already, those that would be further ones go to the table
/// `common`.
///
/// # Errors
/// When a table's columns cannot be read.
pub(super) fn plan(
    vault: &Vault,
    workspace: &str,
    entries: &[Entry],
    common: &str,
    (now, tables_max): (i64, usize),
) -> Result<Plan, ApiError> {
    let found = vault.workspace(workspace);
    let found = found.ok_or_else(|| ApiError::Unknown { what: "workspace", name: workspace.to_string() })?;
    let mut own: HashSet<String> = found.named_tables().into_iter().map(|table| table.name).collect();
    own.retain(|name| name.ends_with(SUFFIX));
    let mut targets: BTreeMap<Target, Vec<(usize, &Entry)>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        let mut target = target(&found, entry);
        if let Target::Own(table) = &target
            && !own.contains(table)
        {
            if own.len() < tables_max {
                own.insert(table.clone());
            } else {
                target = Target::Own(own_table(common));
            }
        }
        targets.entry(target).or_default().push((number, entry));
    }
    let mut plan = Plan::default();
    for (target, entries) in targets {
        match target {
            Target::Own(table) => plan.own_table(vault, workspace, table, &entries),
            Target::Table(table) => plan.table(vault, workspace, table, &entries)?,
            Target::Format(source) => {
                let Some(source) = sources::find(source) else { return Err(ApiError::Internal) };
                plan.format(vault, workspace, source, &entries, now)?;
            }
        }
    }
    Ok(plan)
}

/// Returns entries as records of a table of their own that there is not yet, a line each.
pub fn own_lines(entries: &[Entry]) -> Vec<String> {
    let records: Vec<Fields<'_>> = entries.iter().map(fields).collect();
    plain(&records, &[Column::new(TIME_COLUMN, KqlType::Datetime)]).lines
}

impl Plan {
    /// Gives fields columns of their own names.
    fn own_table(&mut self, vault: &Vault, workspace: &str, table: String, entries: &[(usize, &Entry)]) {
        // There may be no such table yet.
        let known = vault.seen_columns(workspace, &table).unwrap_or_default();
        let mut with_time = known.clone();
        if !with_time.iter().any(|column| column.name == TIME_COLUMN) {
            with_time.insert(0, Column::new(TIME_COLUMN, KqlType::Datetime));
        }
        let records: Vec<Fields<'_>> = entries.iter().map(|(_, entry)| fields(entry)).collect();
        let made = plain(&records, &with_time);
        let mut missing = made.new_columns;
        if known.is_empty() {
            missing.insert(0, Column::new(TIME_COLUMN, KqlType::Datetime));
        }
        let lines = entries.iter().map(|(number, _)| *number).zip(made.lines).collect();
        self.batches.push(Batch { table, missing, lines });
    }

    /// Takes members as columns of a table.
    fn table(
        &mut self,
        vault: &Vault,
        workspace: &str,
        table: String,
        entries: &[(usize, &Entry)],
    ) -> Result<(), ApiError> {
        let columns = columns_of(vault, workspace, &table)?;
        let lines = entries.iter().map(|(number, entry)| {
            let empty = Vec::new();
            let (object, text): (&str, Fields<'_>) = match &entry.content {
                Content::Object(json) => (json, empty),
                Content::Text(text) => ("{}", vec![(Cow::Borrowed(TEXT_COLUMN), Cow::Owned(quoted(text)))]),
            };
            (*number, record(object, text, entry, &columns))
        });
        self.batches.push(Batch { table, missing: Vec::new(), lines: lines.collect() });
        Ok(())
    }

    /// Reads entries in a log format.
    fn format(
        &mut self,
        vault: &Vault,
        workspace: &str,
        source: &'static sources::Source,
        entries: &[(usize, &Entry)],
        now: i64,
    ) -> Result<(), ApiError> {
        let formatted = stream::read(source, entries, now);
        let of: BTreeMap<usize, &Entry> = entries.iter().copied().collect();
        for (table, Parsed { columns: wanted, records }) in formatted.tables {
            let columns = columns_of(vault, workspace, &table)?;
            let room = COLUMNS_MAX.saturating_sub(columns.len());
            let is_new = |column: &Column| !columns.iter().any(|known| known.name == column.name);
            let missing = wanted.into_iter().filter(is_new).take(room).collect();
            let lines = records.into_iter().map(|(number, line)| {
                let Some(entry) = of.get(&number) else { return (number, line) };
                let read = formatted.lines.get(&number);
                let beside = match (&entry.content, read) {
                    (Content::Object(json), Some(read)) => {
                        let rest = members(json).filter(|(name, _)| name != read);
                        rest.map(|(name, value)| (name, Cow::Borrowed(value))).collect()
                    }
                    _ => Vec::new(),
                };
                (number, record(&line, beside, entry, &columns))
            });
            let lines = lines.collect();
            self.batches.push(Batch { table, missing, lines });
        }
        if !formatted.rejects.is_empty() {
            self.rejects.entry(source.name).or_default().extend(formatted.rejects);
        }
        Ok(())
    }
}

/// Returns the columns of a table that is there or is built in; none of one that a format makes.
fn columns_of(vault: &Vault, workspace: &str, table: &str) -> Result<Vec<Column>, ApiError> {
    if let Some(named) = vault.workspace(workspace).and_then(|workspace| workspace.named_table(table)) {
        return Ok(named.columns());
    }
    Ok(tables::builtin(table).map(|table| table.columns.clone()).unwrap_or_default())
}

/// Returns an entry's fields, of which each is to have a column: its time, what is said of it, and what it says.
fn fields(entry: &Entry) -> Fields<'_> {
    let mut fields = Vec::new();
    if let Some(ticks) = entry.time.ticks {
        fields.push((Cow::Borrowed(TIME_COLUMN), Cow::Owned(quoted(&ticks::datetime_text(ticks)))));
    }
    fields.extend(beside(entry));
    match &entry.content {
        Content::Text(text) => fields.push((Cow::Borrowed(TEXT_COLUMN), Cow::Owned(quoted(text)))),
        Content::Object(json) => fields.extend(members(json).map(|(name, value)| (name, Cow::Borrowed(value)))),
    }
    fields
}

/// Returns what is said of an entry beside its content.
fn beside(entry: &Entry) -> Fields<'_> {
    let told = entry.time.told.as_deref().map(|told| (Cow::Borrowed(TOLD_TIME_COLUMN), Cow::Owned(quoted(told))));
    let about = entry.about.iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str())));
    told.into_iter().chain(about).collect()
}

/// Writes a record of a table that is there: the members of an object, and what is said beside under names that are still free. The time
/// and the machine go to their columns where the object says none.
fn record(object: &str, more: Fields<'_>, entry: &Entry, columns: &[Column]) -> String {
    let mut line = String::from("{");
    let mut taken: HashSet<String> = HashSet::new();
    let mut again: Fields<'_> = Vec::new();
    for (name, value) in members(object) {
        match taken.insert(name.to_string()) {
            true => push_member(&mut line, &name, value),
            false => again.push((name, Cow::Borrowed(value))),
        }
    }
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    let mut own_time: Fields<'_> = Vec::new();
    if let Some(ticks) = entry.time.ticks {
        let text = quoted(&ticks::datetime_text(ticks));
        match taken.insert(TIME_COLUMN.to_string()) {
            true => push_member(&mut line, TIME_COLUMN, &text),
            // The record's own counts, and its sender's is kept.
            false if entry.time.told.is_none() => own_time.push((Cow::Borrowed(TOLD_TIME_COLUMN), Cow::Owned(text))),
            false => {}
        }
    }
    for (name, value) in again.into_iter().chain(more).chain(own_time).chain(beside(entry)) {
        let is_host = name == HOST_COLUMN && has(COMPUTER_COLUMN) && !has(HOST_COLUMN);
        let mut name = match is_host && !taken.contains(COMPUTER_COLUMN) {
            true => COMPUTER_COLUMN.to_string(),
            false => name.into_owned(),
        };
        // What a column would not take is no reason to refuse the record: it is not the record that says it.
        let is_text = value.starts_with('"');
        let fits = |name: &str| {
            columns.iter().find(|column| column.name == name).is_none_or(|column| match column.ktype {
                KqlType::String => is_text,
                ktype => ktype == KqlType::Dynamic && name != BAG_COLUMN,
            })
        };
        while taken.contains(&name) || !fits(&name) || name == BAG_COLUMN || name == TIME_COLUMN {
            name.insert_str(0, "Sender");
        }
        push_member(&mut line, &name, &value);
        taken.insert(name);
    }
    line.push('}');
    line
}
