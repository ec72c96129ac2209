//! What is in force: the changes of a log, one after the other.

use crate::change::{Change, MappingKey, Step};
use crate::entity::{FunctionEntity, MappingEntity, TableEntity, ViewEntity};
use crate::error::EntityError;
use crate::names::{is_entity_name, is_stored_name};
use schema::KqlType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The names of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entities {
    tables: BTreeMap<String, Arc<TableEntity>>,
    functions: BTreeMap<String, Arc<FunctionEntity>>,
    mappings: BTreeMap<MappingKey, (Arc<MappingEntity>, i64)>,
    views: BTreeMap<String, Arc<ViewEntity>>,
    /// Stored tables that changes have named: they are seen as those say, and otherwise not.
    claimed: BTreeSet<String>,
    dropped: Vec<Dropped>,
    journal: Vec<Arc<JournalEntry>>,
    /// The number of changes so far.
    version: u64,
}

/// A table that was dropped, and can be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// As it was.
    pub table: Arc<TableEntity>,
    /// The number of changes before it was dropped.
    pub version: u64,
    /// When, in ticks.
    pub time: i64,
}

/// A change as the journal shows it, once for each entity that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// The index of the act's entry in the log.
    pub entry: u64,
    /// When, in ticks.
    pub time: i64,
    pub event: String,
    /// Such as `Table`.
    pub kind: &'static str,
    pub name: String,
    /// The name from then on; empty when it is gone.
    pub updated_name: String,
    /// The number of changes, with this one.
    pub version: u64,
}

impl Entities {
    /// Takes up a change that was sealed as entry `entry` at `time`, in ticks. Whatever the change says is what holds.
    pub fn add(&mut self, entry: u64, time: i64, change: Change) {
        self.version += 1;
        let version = self.version;
        for (kind, name, updated) in change.steps.iter().flat_map(Step::about) {
            self.journal.push(Arc::new(JournalEntry {
                entry,
                time,
                event: change.event.clone(),
                kind,
                name: name.to_string(),
                updated_name: updated.to_string(),
                version,
            }));
        }
        for step in change.steps {
            self.take(step, version - 1, time);
        }
    }

    fn take(&mut self, step: Step, version: u64, time: i64) {
        match step {
            Step::SetTable(table) => {
                self.claimed.insert(table.stored.clone());
                self.dropped.retain(|dropped| dropped.table.stored != table.stored);
                self.tables.insert(table.name.clone(), Arc::new(table));
            }
            Step::ReserveTable(table) => {
                self.claimed.insert(table.stored);
            }
            Step::DropTable { name, stored } => {
                self.claimed.insert(stored.clone());
                let plain = || Arc::new(TableEntity::plain(&name, &stored));
                let table = self.tables.remove(&name).unwrap_or_else(plain);
                self.mappings.retain(|key, _| key.table.as_deref() != Some(name.as_str()));
                self.dropped.push(Dropped { table, version, time });
            }
            Step::RenameTables(renames) => {
                let before: Vec<Arc<TableEntity>> = renames
                    .iter()
                    .map(|of| {
                        let plain = || Arc::new(TableEntity::plain(&of.from, &of.stored));
                        self.tables.remove(&of.from).unwrap_or_else(plain)
                    })
                    .collect();
                let mut moved = Vec::new();
                for (of, table) in renames.iter().zip(before) {
                    self.claimed.insert(of.stored.clone());
                    self.tables
                        .insert(of.to.clone(), Arc::new(TableEntity { name: of.to.clone(), ..(*table).clone() }));
                    let keys: Vec<MappingKey> =
                        self.mappings.keys().filter(|key| key.table.as_ref() == Some(&of.from)).cloned().collect();
                    moved.extend(keys.into_iter().filter_map(|key| Some((of.to.clone(), self.mappings.remove(&key)?))));
                }
                for (table, (mapping, since)) in moved {
                    let mapping = MappingEntity { table: Some(table), ..(*mapping).clone() };
                    self.mappings.insert(key_of(&mapping), (Arc::new(mapping), since));
                }
            }
            Step::SetFunction(function) => {
                self.functions.insert(function.name.clone(), Arc::new(function));
            }
            Step::DropFunction { name } => drop(self.functions.remove(&name)),
            Step::SetMapping(mapping) => {
                self.mappings.insert(key_of(&mapping), (Arc::new(mapping), time));
            }
            Step::DropMapping(key) => drop(self.mappings.remove(&key)),
            Step::SetView(view) => {
                self.views.insert(view.name.clone(), Arc::new(view));
            }
            Step::DropView { name } => drop(self.views.remove(&name)),
        }
    }

    /// Makes sure that a change can be made now, as far as names go.
    ///
    /// # Errors
    /// When a name is none, what is to be dropped is not there, or two tables would be one.
    pub fn check(&self, change: &Change) -> Result<(), EntityError> {
        change.check_size()?;
        let mut next = self.names();
        for step in &change.steps {
            next.check_step(step)?;
            next.take(step.clone(), 0, 0);
        }
        let mut stored = BTreeSet::new();
        match next.tables.values().find(|table| !stored.insert(&table.stored)) {
            Some(table) => Err(EntityError::StoredTwice { stored: table.stored.clone() }),
            None => Ok(()),
        }
    }

    /// Returns a copy without what was before.
    fn names(&self) -> Entities {
        Entities {
            tables: self.tables.clone(),
            functions: self.functions.clone(),
            mappings: self.mappings.clone(),
            views: self.views.clone(),
            ..Entities::default()
        }
    }

    /// Returns the stored tables whose records a change takes out of sight.
    pub fn hidden_by(&self, change: &Change) -> Vec<String> {
        let hidden = |step: &Step| match step {
            Step::DropTable { stored, .. } => Some(stored.clone()),
            Step::SetTable(table) => {
                let before = match self.tables.get(&table.name) {
                    Some(before) => &before.stored,
                    None if self.is_claimed(&table.name) => return None,
                    None => &table.name,
                };
                (*before != table.stored).then(|| before.clone())
            }
            _ => None,
        };
        change.steps.iter().filter_map(hidden).collect()
    }

    fn check_step(&self, step: &Step) -> Result<(), EntityError> {
        let named = |name: &str| if is_entity_name(name) { Ok(()) } else { Err(EntityError::Name(name.to_string())) };
        let sealed = |name: &str| if is_stored_name(name) { Ok(()) } else { Err(EntityError::Name(name.to_string())) };
        let known = |is_there: bool, kind, name: &str| match is_there {
            true => Ok(()),
            false => Err(EntityError::Unknown { kind, name: name.to_string() }),
        };
        match step {
            Step::SetTable(table) | Step::ReserveTable(table) => {
                named(&table.name)?;
                sealed(&table.stored)?;
                table.columns.as_deref().map_or(Ok(()), check_columns)
            }
            Step::DropTable { stored, .. } => sealed(stored),
            Step::RenameTables(renames) => {
                let leaving: BTreeSet<&str> = renames.iter().map(|of| of.from.as_str()).collect();
                let mut arriving = BTreeSet::new();
                for of in renames {
                    named(&of.to)?;
                    sealed(&of.stored)?;
                    let is_taken = self.tables.contains_key(&of.to) && !leaving.contains(of.to.as_str());
                    if is_taken || !arriving.insert(of.to.as_str()) {
                        return Err(EntityError::Exists { kind: "table", name: of.to.clone() });
                    }
                }
                Ok(())
            }
            Step::SetFunction(function) => named(&function.name),
            Step::DropFunction { name } => known(self.functions.contains_key(name), "function", name),
            Step::SetMapping(mapping) => named(&mapping.name),
            Step::DropMapping(key) => known(self.mappings.contains_key(key), "mapping", &key.name),
            Step::SetView(view) => named(&view.name),
            Step::DropView { name } => known(self.views.contains_key(name), "materialized view", name),
        }
    }

    /// Returns the number of changes so far.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns a table that changes have named.
    pub fn table(&self, name: &str) -> Option<&Arc<TableEntity>> {
        self.tables.get(name)
    }

    /// Returns the tables that changes have named, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<TableEntity>> {
        self.tables.values()
    }

    /// Returns whether a stored table is seen only as changes say.
    pub fn is_claimed(&self, stored: &str) -> bool {
        self.claimed.contains(stored)
    }

    /// Returns a function.
    pub fn function(&self, name: &str) -> Option<&Arc<FunctionEntity>> {
        self.functions.get(name)
    }

    /// Returns the functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = &Arc<FunctionEntity>> {
        self.functions.values()
    }

    /// Returns a mapping and when it was set, in ticks.
    pub fn mapping(&self, key: &MappingKey) -> Option<&(Arc<MappingEntity>, i64)> {
        self.mappings.get(key)
    }

    /// Returns the mappings and when they were set, in ticks: those of the database first, then by table.
    pub fn mappings(&self) -> impl Iterator<Item = &(Arc<MappingEntity>, i64)> {
        self.mappings.values()
    }

    /// Returns a view.
    pub fn view(&self, name: &str) -> Option<&Arc<ViewEntity>> {
        self.views.get(name)
    }

    /// Returns the views, in order.
    pub fn views(&self) -> impl Iterator<Item = &Arc<ViewEntity>> {
        self.views.values()
    }

    /// Returns the tables that were dropped and not brought back, the newest last.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Returns what was changed, the newest last.
    pub fn journal(&self) -> &[Arc<JournalEntry>] {
        &self.journal
    }
}

/// Returns what a mapping is found by.
fn key_of(mapping: &MappingEntity) -> MappingKey {
    MappingKey { table: mapping.table.clone(), kind: mapping.kind.clone(), name: mapping.name.clone() }
}

fn check_columns(columns: &[crate::ColumnEntity]) -> Result<(), EntityError> {
    let (mut seen, mut stored) = (BTreeSet::new(), BTreeSet::new());
    if columns.is_empty() {
        return Err(EntityError::NoColumns);
    }
    for column in columns {
        if !is_entity_name(&column.name) {
            return Err(EntityError::Name(column.name.clone()));
        }
        if !seen.insert(&column.name) || !stored.insert(&column.stored) {
            return Err(EntityError::ColumnTwice { column: column.name.clone() });
        }
        if KqlType::from_name(&column.ktype).is_none() {
            return Err(EntityError::Type { name: column.ktype.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
