//! Tables as commands show them.

use crate::command::{Rows, text};
use crate::context::Context;
use crate::csl;
use crate::error::CommandError;
use crate::schema_json;
use entities::{ColumnEntity, TableEntity};
use ingest::{NamedTable, Workspace};
use schema::{Column, Value};

/// Columns of the answer to a command that makes or changes one table.
pub const TABLE_SCHEMA: crate::command::Columns = &[
    ("TableName", crate::command::Text),
    ("Schema", crate::command::Text),
    ("DatabaseName", crate::command::Text),
    ("Folder", crate::command::Text),
    ("DocString", crate::command::Text),
];

/// Columns of the answer to a command that is about several tables.
pub const TABLE_LIST: crate::command::Columns = &[
    ("TableName", crate::command::Text),
    ("DatabaseName", crate::command::Text),
    ("Folder", crate::command::Text),
    ("DocString", crate::command::Text),
];

/// Returns the folder of a table, in which people sort them.
pub fn folder(table: &NamedTable) -> &str {
    table.entity.as_ref().map_or("", |entity| entity.folder.as_str())
}

/// Returns a table's documentation: that of a built-in one where it has none of its own.
pub fn doc_string(table: &NamedTable) -> &str {
    table.entity.as_ref().map_or("", |entity| entity.doc_string.as_str())
}

/// Returns the row of [`TABLE_LIST`] for a table.
pub fn list_row(table: &NamedTable, database: &str) -> Vec<Value> {
    vec![text(&table.name), text(database), text(folder(table)), text(doc_string(table))]
}

/// Returns the row of [`TABLE_SCHEMA`] for a table, with the schema as JSON or as a list.
pub fn schema_row(table: &NamedTable, database: &str, is_json: bool) -> Vec<Value> {
    let columns = table.columns();
    let schema = match is_json {
        true => schema_json::table_document(table, &columns).to_string(),
        false => csl::columns(&columns),
    };
    vec![text(&table.name), text(schema), text(database), text(folder(table)), text(doc_string(table))]
}

impl Context<'_> {
    /// Returns the answer to a command that made or changed a table.
    ///
    /// # Errors
    /// When the table is gone already.
    pub fn changed(&self, name: &str) -> Result<Rows, CommandError> {
        Ok(vec![schema_row(&self.table(name)?, self.database(), true)])
    }

    /// Makes sure that a table may be taken out of sight: not those of the store's own records.
    ///
    /// # Errors
    /// When it is one of those.
    pub fn may_hide(&self, table: &str) -> Result<(), CommandError> {
        let is_own = match table {
            ingest::QUARANTINE_TABLE | "LAQueryLogs" => true,
            "AzureActivity" => self.database() == self.manager.own_workspace,
            _ => false,
        };
        match is_own {
            true => Err(CommandError::Refused(format!(
                "the table `{table}` holds the store's own records, which stay in sight"
            ))),
            false => Ok(()),
        }
    }
}

/// Returns what is said of a table, as a change needs it, with its columns spelled out.
pub fn entity_of(table: &NamedTable) -> TableEntity {
    let mut entity = match &table.entity {
        Some(entity) => (**entity).clone(),
        None => TableEntity::plain(&table.name, table.table.name()),
    };
    entity.columns.get_or_insert_with(|| {
        table.columns().iter().map(|column| ColumnEntity::new(&column.name, &column.name, column.ktype)).collect()
    });
    entity
}

/// Returns columns for a stored table: those that are seen of it already stay, the others become new ones.
///
/// # Errors
/// When a column would get another type.
pub fn columns_of(
    workspace: &Workspace,
    stored: &str,
    before: &[ColumnEntity],
    columns: &[Column],
) -> Result<Vec<ColumnEntity>, CommandError> {
    let mut next: Vec<ColumnEntity> = Vec::with_capacity(columns.len());
    for column in columns {
        match before.iter().find(|of| of.name == column.name) {
            Some(of) if of.ktype() == column.ktype => next.push(of.clone()),
            Some(of) => {
                let message =
                    format!("the column `{}` is of type {}; `.alter column` changes it", column.name, of.ktype());
                return Err(CommandError::Refused(message));
            }
            None => {
                let taken: Vec<ColumnEntity> = before.iter().chain(&next).cloned().collect();
                let name = workspace.free_stored_column(stored, &taken, column);
                next.push(ColumnEntity::new(&column.name, &name, column.ktype));
            }
        }
    }
    Ok(next)
}
