//! The built-in tables' columns by name.

use schema::{KqlType, tables};
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

/// The columns of a table.
#[derive(Debug)]
pub(crate) struct Columns {
    pub table: &'static str,
    by_name: HashMap<&'static str, (usize, KqlType)>,
    by_lower: HashMap<String, &'static str>,
}

/// Every built-in table, read when it is first asked for.
static ALL: LazyLock<HashMap<&'static str, OnceLock<Option<Columns>>>> =
    LazyLock::new(|| tables::names().map(|name| (name, OnceLock::new())).collect());

impl Columns {
    /// Returns the columns of a built-in table, by its exact name.
    pub fn of(table: &str) -> Option<&'static Columns> {
        let (name, cell) = ALL.get_key_value(table)?;
        cell.get_or_init(|| {
            let schema = tables::builtin(name)?;
            let columns = schema.columns.iter().enumerate();
            let by_name = columns.map(|(i, column)| (column.name.as_str(), (i, column.ktype))).collect();
            let by_lower = schema.columns.iter().map(|column| (column.name.to_lowercase(), column.name.as_str()));
            Some(Columns { table: name, by_name, by_lower: by_lower.collect() })
        })
        .as_ref()
    }

    /// Returns a column's place and type.
    pub fn get(&self, name: &str) -> Option<(usize, KqlType)> {
        self.by_name.get(name).copied()
    }

    /// Returns how the table writes a column's name, whatever its case.
    pub fn spelled(&self, name: &str) -> Option<&'static str> {
        if let Some((name, _)) = self.by_name.get_key_value(name) {
            return Some(name);
        }
        self.by_lower.get(&name.to_lowercase()).copied()
    }

    /// Returns how many columns there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }
}

/// Returns a name that may be a column's: letters, digits and `_`, anything else becomes `_`.
pub(crate) fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}
