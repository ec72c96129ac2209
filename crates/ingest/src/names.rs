//! Names of tables: which stored table a name stands for, what is seen of it, and how that is changed.
//!
//! A change is sealed before anything of it is done; what it needs of the store, such as the columns of a new stored table, is made after
//! that, and by the next start where this one did not get to it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use entities::{Change, ColumnEntity, Step, TableEntity, free_name};
use extents::{BAG_COLUMN, StoredSchema};
use files::RecordShape;
use lifecycle::{Document, Hold, Retention, Rules};
use schema::Column;

use crate::error::{ActError, IngestError};
use crate::table::{Table, with_bag};
use crate::taken::Pending;
use crate::vault::{Inner, Vault};
use crate::workspace::Workspace;

/// Who asks for what the store does by itself.
const SERVER: &str = "server";

/// A table as people see it.
#[derive(Clone)]
pub struct NamedTable {
    pub name: String,
    /// Where its records are.
    pub table: Arc<Table>,
    /// What changes say of it; `None` for a stored table that is seen as it is.
    pub entity: Option<Arc<TableEntity>>,
}

/// Why a change of names was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("{0}")]
    Act(#[from] ActError),
    #[error("{0}")]
    Ingest(#[from] IngestError),
}

impl NamedTable {
    /// Returns the columns in the order in which people see them: of a stored table that is seen as it is, all but the one for what fits
    /// no other, unless it is documented.
    pub fn columns(&self) -> Vec<Column> {
        if let Some(columns) = self.view() {
            return columns.iter().map(ColumnEntity::seen).collect();
        }
        let builtin = schema::tables::builtin(self.table.name());
        let has_bag = builtin.is_some_and(|table| table.columns.iter().any(|column| column.name == BAG_COLUMN));
        let schema = self.table.schema();
        let columns = schema.iter().flat_map(|schema| schema.columns().iter().cloned());
        columns.filter(|column| has_bag || column.name != BAG_COLUMN).collect()
    }

    /// Returns what is seen of the columns; `None` for all of them under their own names.
    pub fn view(&self) -> Option<&[ColumnEntity]> {
        self.entity.as_ref()?.columns.as_deref()
    }

    /// Returns the documentation of a column.
    pub fn doc_string(&self, column: &str) -> &str {
        let columns = self.view().unwrap_or_default();
        columns.iter().find(|of| of.name == column).map_or("", |of| of.doc_string.as_str())
    }

    /// Returns what records of this table are read into: the columns that are seen, and the one for what fits no other.
    pub(crate) fn shape(&self, record_bytes_max: usize) -> Option<Arc<RecordShape>> {
        let Some(view) = self.view() else { return Some(self.table.state().shape(record_bytes_max)?.1) };
        let columns: Vec<Column> = view.iter().map(ColumnEntity::seen).collect();
        Some(Arc::new(RecordShape::new(&with_bag(&columns), Some(BAG_COLUMN), record_bytes_max)))
    }

    /// Gives rows the names under which their columns are sealed.
    pub(crate) fn sealed(&self, rows: RecordBatch) -> Result<RecordBatch, IngestError> {
        let Some(view) = self.view() else { return Ok(rows) };
        let names: HashMap<&str, &str> = view.iter().map(|of| (of.name.as_str(), of.stored.as_str())).collect();
        let schema = rows.schema();
        let fields = schema.fields().iter().map(|field| {
            let name = names.get(field.name().as_str()).copied().unwrap_or(field.name());
            Field::new(name, field.data_type().clone(), field.is_nullable())
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(schema, rows.columns().to_vec(), &options)?)
    }
}

impl Workspace {
    /// Returns the tables that people see, in the order of their names.
    pub fn named_tables(&self) -> Vec<NamedTable> {
        let entities = self.entities();
        let named = entities.tables().filter_map(|entity| self.named(entity));
        let is_plain = |name: &str| !entities.is_claimed(name) && entities.table(name).is_none();
        let plain = self.tables().into_iter().filter(|table| is_plain(table.name()));
        let plain = plain.map(|table| NamedTable { name: table.name().to_string(), table, entity: None });
        let mut tables: Vec<NamedTable> = named.chain(plain).collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }

    /// Returns a table by the exact name by which people see it.
    pub fn named_table(&self, name: &str) -> Option<NamedTable> {
        let entities = self.entities();
        if let Some(entity) = entities.table(name) {
            return self.named(entity);
        }
        let table = self.table(name).filter(|table| !entities.is_claimed(name) && table.schema().is_some())?;
        Some(NamedTable { name: name.to_string(), table, entity: None })
    }

    /// Returns the stored table that a name stands for, or that is sealed under it.
    pub fn find_table(&self, name: &str) -> Option<Arc<Table>> {
        self.named_table(name).map(|named| named.table).or_else(|| self.table(name))
    }

    /// Returns an act about tables in the names under which their records are sealed. A hold is for all stored tables that a name may mean.
    pub(crate) fn sealed_names(&self, document: Document) -> Document {
        let sealed = |name: &str| self.find_table(name).map_or(name.to_string(), |table| table.name().to_string());
        match document {
            Document::Hold(hold) => {
                let mut tables: Vec<String> = Vec::new();
                for name in &hold.tables {
                    tables.extend([name.clone(), sealed(name)]);
                }
                tables.sort_unstable();
                tables.dedup();
                Document::Hold(Hold { tables, ..hold })
            }
            Document::Retention(retention) => {
                Document::Retention(Retention { table: sealed(&retention.table), ..retention })
            }
            document => document,
        }
    }

    fn named(&self, entity: &Arc<TableEntity>) -> Option<NamedTable> {
        let table = self.table(&entity.stored).filter(|table| table.schema().is_some())?;
        Some(NamedTable { name: entity.name.clone(), table, entity: Some(entity.clone()) })
    }

    /// Returns a name for a stored table that no other has or had.
    pub fn free_stored_name(&self, wanted: &str) -> String {
        let entities = self.entities();
        free_name(wanted, |name| self.table(name).is_some() || entities.is_claimed(name))
    }
}

impl Vault {
    /// Returns the columns of a table as people see them, in order. A built-in table that was not used yet comes into being.
    ///
    /// # Errors
    /// When there is no such workspace or table.
    pub fn seen_columns(&self, workspace: &str, table: &str) -> Result<Vec<Column>, IngestError> {
        let workspace = self.inner.workspace_of(workspace)?;
        Ok(self.inner.existing_table(&workspace, table)?.columns())
    }

    /// Seals a change of names, which `make` makes while no other is made, and returns the index of the act's entry. `authorities` say who
    /// asked, as references.
    ///
    /// # Errors
    /// What `make` returns; when the change cannot be made, or is not sealed.
    pub fn change<E: From<ChangeError>>(
        &self,
        workspace: &str,
        authorities: &[String],
        make: impl FnOnce(&Workspace) -> Result<Change, E>,
    ) -> Result<u64, E> {
        let workspace = self.inner.governed(workspace).map_err(ChangeError::Act)?;
        let mut governance = workspace.govern().map_err(ChangeError::Act)?;
        let change = make(&workspace)?;
        Ok(self.inner.change(&workspace, &mut governance.rules, change, authorities)?)
    }
}

impl Vault {
    /// Seals rows in a stored table that was reserved and that nobody sees yet. The columns have the names that the table's will have.
    ///
    /// # Errors
    /// As [`Vault::take_rows`].
    pub fn take_reserved(
        &self,
        workspace: &str,
        table: &TableEntity,
        rows: RecordBatch,
    ) -> Result<Pending, IngestError> {
        self.inner.check_room(0)?;
        let workspace = self.inner.workspace_of(workspace)?;
        let stored = workspace.table(&table.stored).ok_or_else(|| unknown(&table.name))?;
        let named = NamedTable { name: table.name.clone(), table: stored, entity: Some(Arc::new(table.clone())) };
        self.inner.submit(&workspace, &named, rows, Vec::new(), None)
    }
}

impl Inner {
    /// Seals a change and does what follows from it.
    fn change(
        &self,
        workspace: &Workspace,
        rules: &mut Rules,
        change: Change,
        authorities: &[String],
    ) -> Result<u64, ChangeError> {
        let tables: Vec<TableEntity> = change.steps.iter().filter_map(described_table).cloned().collect();
        for table in &tables {
            next_schema(workspace, table)?;
        }
        rules.check(&Document::Change(change.clone())).map_err(ActError::Lifecycle)?;
        for table in change.steps.iter().filter_map(set_table).cloned().collect::<Vec<_>>().iter() {
            self.carry_retention(workspace, rules, table, authorities)?;
        }
        let entry = self.seal_act(workspace, rules, Document::Change(change), authorities)?;
        for table in &tables {
            self.ensure_sealed_columns(workspace, table)?;
        }
        Ok(entry)
    }

    /// Has the records that a table shows from now on be kept as long as those that it showed before.
    fn carry_retention(
        &self,
        workspace: &Workspace,
        rules: &mut Rules,
        table: &TableEntity,
        authorities: &[String],
    ) -> Result<(), ActError> {
        let Some(before) = workspace.named_table(&table.name) else { return Ok(()) };
        if before.table.name() == table.stored || rules.policy(&table.stored).is_some() {
            return Ok(());
        }
        let Some(policy) = rules.policy(before.table.name()) else { return Ok(()) };
        let retention = Retention { table: table.stored.clone(), ..policy.retention.clone() };
        self.seal_act(workspace, rules, Document::Retention(retention), authorities).map(|_| ())
    }

    /// Makes sure that a stored table has the columns that are seen of it.
    fn ensure_sealed_columns(&self, workspace: &Workspace, table: &TableEntity) -> Result<Arc<Table>, IngestError> {
        let sealed: Vec<Column> = match &table.columns {
            Some(columns) => with_bag(&columns.iter().map(ColumnEntity::sealed).collect::<Vec<_>>()),
            None => Vec::new(),
        };
        self.ensure_stored(workspace, &table.stored, &sealed).map(|(table, _)| table)
    }

    /// Makes what changes need of the store and was not made before the last end.
    pub(crate) fn finish_changes(&self) -> Result<(), IngestError> {
        for workspace in self.all_workspaces() {
            for table in workspace.entities().tables() {
                self.ensure_sealed_columns(&workspace, table)?;
            }
        }
        Ok(())
    }

    /// Makes a table, or adds columns to one that is there, by the name by which people see it.
    pub(crate) fn ensure_named(
        &self,
        workspace: &Workspace,
        name: &str,
        columns: &[Column],
    ) -> Result<Arc<StoredSchema>, IngestError> {
        let entities = workspace.entities();
        let view = entities.table(name).and_then(|entity| Some((entity, entity.columns.as_ref()?)));
        match (view, entities.table(name)) {
            (Some((entity, view)), _) => {
                let missing: Vec<&Column> =
                    columns.iter().filter(|column| !view.iter().any(|of| of.seen() == **column)).collect();
                if missing.is_empty() {
                    return self.ensure_sealed_columns(workspace, entity).and_then(schema_of);
                }
            }
            (None, Some(entity)) => {
                return self.ensure_stored(workspace, &entity.stored, columns).map(|(_, schema)| schema);
            }
            (None, None) if !entities.is_claimed(name) => {
                return self.ensure_stored(workspace, name, columns).map(|(_, schema)| schema);
            }
            (None, None) => {}
        }
        drop(entities);
        self.change_by_itself(workspace, name, columns).map_err(|error| match error {
            ChangeError::Ingest(error) => error,
            ChangeError::Act(error) => IngestError::Act(Box::new(error)),
        })?;
        let named = workspace.named_table(name).ok_or_else(|| unknown(name))?;
        schema_of(named.table)
    }

    /// Makes a table anew whose name was given up, or adds columns to those that are seen.
    fn change_by_itself(&self, workspace: &Workspace, name: &str, columns: &[Column]) -> Result<(), ChangeError> {
        let mut governance = workspace.govern()?;
        let entities = workspace.entities();
        let change = match entities.table(name) {
            Some(entity) => {
                let mut next = TableEntity::clone(entity);
                add_columns(workspace, &mut next, columns)?;
                Change { event: "ALTER-TABLE".to_string(), steps: vec![Step::SetTable(next)] }
            }
            None => {
                let stored = workspace.free_stored_name(name);
                let table = TableEntity::plain(name, &stored);
                // The stored table cannot have the columns of a built-in one by its name alone.
                let builtin = schema::tables::builtin(name).filter(|_| columns.is_empty());
                let columns = builtin.map_or(columns, |builtin| &builtin.columns);
                let schema = StoredSchema::new(&stored, columns).map_err(IngestError::Schema)?;
                let columns = schema.columns().iter();
                let seen = columns.map(|column| ColumnEntity::new(&column.name, &column.name, column.ktype));
                let table = TableEntity { columns: Some(seen.collect()), ..table };
                Change { event: "CREATE-TABLE".to_string(), steps: vec![Step::SetTable(table)] }
            }
        };
        self.change(workspace, &mut governance.rules, change, &[SERVER.to_string()])?;
        Ok(())
    }

    /// Returns a table that people see, or makes one of the built-in ones.
    pub(crate) fn existing_table(&self, workspace: &Workspace, name: &str) -> Result<NamedTable, IngestError> {
        if let Some(named) = workspace.named_table(name) {
            return Ok(named);
        }
        if workspace.entities().table(name).is_some() || schema::tables::builtin(name).is_some() {
            self.ensure_named(workspace, name, &[])?;
            return workspace.named_table(name).ok_or_else(|| unknown(name));
        }
        let lower = name.to_lowercase();
        let mut known: Vec<String> = workspace.named_tables().into_iter().map(|table| table.name).collect();
        known.extend(schema::tables::names().map(str::to_string));
        let near = known.into_iter().find(|known| known.to_lowercase() == lower);
        Err(IngestError::UnknownTable { name: name.to_string(), near })
    }
}

/// Adds columns to those that are seen of a table.
fn add_columns(workspace: &Workspace, table: &mut TableEntity, columns: &[Column]) -> Result<(), IngestError> {
    let schema = workspace.table(&table.stored).and_then(|table| table.schema());
    let view = table.columns.get_or_insert_default();
    for column in columns {
        match view.iter().find(|of| of.name == column.name) {
            Some(before) if before.ktype() != column.ktype => {
                let (before, found) = (before.ktype(), column.ktype);
                let column = column.name.clone();
                return Err(IngestError::Schema(extents::StoredSchemaError::Type { column, before, found }));
            }
            Some(_) => {}
            None => {
                let stored = stored_column(schema.as_deref(), view, column);
                view.push(ColumnEntity::new(&column.name, &stored, column.ktype));
            }
        }
    }
    Ok(())
}

/// Returns the name under which the cells of a new column are sealed: its own, unless cells that are not seen any more have it, or it
/// means something else in the store.
pub(crate) fn stored_column(schema: Option<&StoredSchema>, view: &[ColumnEntity], column: &Column) -> String {
    let is_fixed = |name: &str| match name {
        extents::TIME_COLUMN => column.ktype != schema::KqlType::Datetime,
        BAG_COLUMN => column.ktype != schema::KqlType::Dynamic,
        _ => name.starts_with('_') && StoredSchema::new("T", &[Column::new(name, column.ktype)]).is_err(),
    };
    let is_used = |name: &str| {
        let is_stored = schema.is_some_and(|schema| schema.columns().iter().any(|of| of.name == name));
        // The columns that every stored table has are taken up as they are.
        let is_common = matches!(name, extents::TIME_COLUMN | BAG_COLUMN);
        is_fixed(name) || (is_stored && !is_common) || view.iter().any(|of| of.stored == name)
    };
    entities::free_column(&column.name, is_used)
}

impl Workspace {
    /// Returns the name under which the cells of a new column of a table would be sealed. Cells that are not seen any more stay so.
    pub fn free_stored_column(&self, stored: &str, view: &[ColumnEntity], column: &Column) -> String {
        stored_column(self.table(stored).and_then(|table| table.schema()).as_deref(), view, column)
    }
}

fn unknown(name: &str) -> IngestError {
    IngestError::UnknownTable { name: name.to_string(), near: None }
}

fn schema_of(table: Arc<Table>) -> Result<Arc<StoredSchema>, IngestError> {
    table.schema().ok_or_else(|| unknown(table.name()))
}

/// Returns the table that is to be seen from a step on.
fn set_table(step: &Step) -> Option<&TableEntity> {
    match step {
        Step::SetTable(table) => Some(table),
        _ => None,
    }
}

/// Returns the table whose columns a step describes.
fn described_table(step: &Step) -> Option<&TableEntity> {
    match step {
        Step::SetTable(table) | Step::ReserveTable(table) => Some(table),
        _ => None,
    }
}

/// Makes sure that a stored table can have the columns that are to be seen of it.
fn next_schema(workspace: &Workspace, table: &TableEntity) -> Result<(), IngestError> {
    let sealed: Vec<Column> = table.columns.iter().flatten().map(ColumnEntity::sealed).collect();
    let sealed = with_bag(&sealed);
    match workspace.table(&table.stored).and_then(|table| table.schema()) {
        Some(schema) => schema.with(&sealed)?,
        None => StoredSchema::new(&table.stored, &sealed)?,
    };
    Ok(())
}
