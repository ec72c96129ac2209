//! Tables whose columns are known by name: those of Azure Monitor, Microsoft Sentinel and Defender that audit and security
//! work uses.
//!
//! One file a table, `tables/<Table>.toml`, is compiled into the program and read when the table is first asked for:
//!
//! ```toml
//! description = "Signs of life of agents"
//! columns = [
//!     ["TimeGenerated", "datetime"],
//!     ["Computer", "string", "name of the machine"],
//! ]
//! ```

mod list;

use crate::{Column, KqlType, TableSchema};
use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

/// A table's schema with what its file says for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub schema: TableSchema,
    /// What a row of the table is; empty when the file does not say.
    pub description: String,
    /// What each column holds; empty where the file does not say.
    pub column_descriptions: Vec<String>,
}

/// Why a table's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The text is no TOML of the shape that is asked for.
    #[error("the definition of table `{table}` cannot be read: {reason}")]
    Malformed { table: String, reason: String },
    #[error("column {place} of table `{table}` is not `[name, type]` or `[name, type, description]`")]
    Column { table: String, place: usize },
    #[error("column `{column}` of table `{table}` has the unknown type `{ktype}`")]
    Type { table: String, column: String, ktype: String },
    #[error("table `{table}` has the column `{column}` twice")]
    Duplicate { table: String, column: String },
}

/// A built-in table's file, and its definition once it was asked for.
struct Entry {
    text: &'static str,
    definition: OnceLock<Option<Definition>>,
}

static ENTRIES: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    list::FILES.iter().map(|(name, text)| (*name, Entry { text, definition: OnceLock::new() })).collect()
});

/// Returns the built-in schema of a table, by its exact name.
pub fn builtin(name: &str) -> Option<&'static TableSchema> {
    definition(name).map(|definition| &definition.schema)
}

/// Returns the built-in definition of a table, by its exact name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    let entry = ENTRIES.get(name)?;
    // That every file can be read is tested.
    entry.definition.get_or_init(|| parse(name, entry.text).ok()).as_ref()
}

/// Returns the names of all built-in tables, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    list::FILES.iter().map(|(name, _)| *name)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    description: String,
    columns: Vec<Vec<String>>,
}

/// Reads a table's definition from the text of its file.
///
/// # Errors
/// What is wrong with the text: its author's.
pub fn parse(name: &str, text: &str) -> Result<Definition, TableError> {
    let file: File = toml::from_str(text)
        .map_err(|e| TableError::Malformed { table: name.to_string(), reason: e.message().to_string() })?;
    let mut columns = Vec::with_capacity(file.columns.len());
    let mut column_descriptions = Vec::with_capacity(file.columns.len());
    let mut taken = HashSet::new();
    for (i, cells) in file.columns.into_iter().enumerate() {
        let mut cells = cells.into_iter();
        let (Some(column), Some(ktype), description, None) = (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            return Err(TableError::Column { table: name.to_string(), place: i + 1 });
        };
        let Some(ktype) = KqlType::from_name(&ktype) else {
            return Err(TableError::Type { table: name.to_string(), column, ktype });
        };
        if !taken.insert(column.clone()) {
            return Err(TableError::Duplicate { table: name.to_string(), column });
        }
        columns.push(Column::new(column, ktype));
        column_descriptions.push(description.unwrap_or_default());
    }
    let schema = TableSchema { name: name.to_string(), columns };
    Ok(Definition { schema, description: file.description, column_descriptions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_can_be_read() {
        assert!(names().count() > 300);
        for (name, text) in list::FILES {
            let definition = parse(name, text).unwrap();
            let columns = &definition.schema.columns;
            assert_eq!(
                columns.first().map(|c| (c.name.as_str(), c.ktype)),
                Some(("TimeGenerated", KqlType::Datetime)),
                "{name}"
            );
            // Those of Azure Monitor have them all, and the store's own none.
            for column in ["TenantId", "SourceSystem", "Type", "_ResourceId"] {
                let has = columns.iter().any(|c| c.name == column);
                assert_eq!(has, !name.starts_with("Vidimus"), "{name}, {column}");
            }
            assert!(columns.iter().all(|c| c.name.bytes().all(|b| b.is_ascii_graphic())), "{name}");
        }
    }

    #[test]
    fn tables_are_found_by_their_exact_names() {
        let signins = builtin("SigninLogs").unwrap();
        assert!(signins.columns.contains(&Column::new("ResultType", KqlType::String)));
        assert!(signins.columns.contains(&Column::new("Status", KqlType::Dynamic)));
        assert!(builtin("AzureActivity").unwrap().columns.contains(&Column::new("Properties_d", KqlType::Dynamic)));
        assert!(definition("SigninLogs").unwrap().description.starts_with("Sign-ins"));
        assert!(builtin("signinlogs").is_none());
        assert!(names().is_sorted());
    }

    #[test]
    fn faulty_definitions_say_what_is_wrong() {
        let cases = [
            (
                "columns = 1",
                "the definition of table `T` cannot be read: invalid type: integer `1`, expected a sequence",
            ),
            (
                "columns = []\nkey = 1",
                "the definition of table `T` cannot be read: unknown field `key`, expected `description` or `columns`",
            ),
            ("columns = [[\"a\"]]", "column 1 of table `T` is not `[name, type]` or `[name, type, description]`"),
            ("columns = [[\"a\", \"text\"]]", "column `a` of table `T` has the unknown type `text`"),
            ("columns = [[\"a\", \"int\"], [\"a\", \"int\"]]", "table `T` has the column `a` twice"),
        ];
        for (text, message) in cases {
            assert_eq!(parse("T", text).unwrap_err().to_string(), message);
        }
    }
}
