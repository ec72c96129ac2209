//! A stored table's columns and the document by which batches name them.

use schema::{Column, KqlType};
use tlog::record::{CellType, SchemaColumn, SchemaDoc};

/// One version of a stored table's columns, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSchema {
    doc: SchemaDoc,
    columns: Vec<Column>,
}

/// Columns cannot be those of a stored table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredSchemaError {
    #[error("the table `{table}` would have two columns `{column}`")]
    Twice { table: String, column: String },
    #[error("`{column}` cannot name a column of a stored table: {why}")]
    Name { column: String, why: &'static str },
    #[error("the column `{column}` is of type {found}, and was of type {before}")]
    Type { column: String, before: KqlType, found: KqlType },
    #[error("a table has at most 65,535 columns")]
    TooMany,
    #[error("the first column of the table `{table}` of type datetime must be `TimeGenerated`")]
    NoTime { table: String },
}

/// The column that says when a record's event was; every stored table has it.
pub const TIME_COLUMN: &str = "TimeGenerated";
/// The column that takes the members of a record that fit no other; every stored table has it.
pub const BAG_COLUMN: &str = "AdditionalFields";

impl StoredSchema {
    /// Makes the first version of a table's columns. `TimeGenerated` becomes a column if it is none.
    ///
    /// # Errors
    /// When a name is there twice or cannot be a column's, or `TimeGenerated` is no datetime.
    pub fn new(table: &str, columns: &[Column]) -> Result<StoredSchema, StoredSchemaError> {
        let empty = SchemaDoc { table: table.to_string(), id: 0, columns: Vec::new() };
        let first = StoredSchema { doc: empty, columns: Vec::new() };
        let time = Column::new(TIME_COLUMN, KqlType::Datetime);
        let is_time = |column: &&Column| column.name == TIME_COLUMN;
        match columns.iter().find(is_time) {
            None => first.with(&[std::slice::from_ref(&time), columns].concat()),
            Some(column) if column.ktype == KqlType::Datetime => first.with(columns),
            Some(_) => Err(StoredSchemaError::NoTime { table: table.to_string() }),
        }
    }

    /// Returns the next version: further columns after those that are there, whose types stay. Returns the same version when there
    /// are none.
    ///
    /// # Errors
    /// As [`StoredSchema::new`], and when a column would get another type.
    pub fn with(&self, columns: &[Column]) -> Result<StoredSchema, StoredSchemaError> {
        let mut next = self.clone();
        let mut seen = std::collections::HashSet::new();
        for column in columns {
            let name = column.name.as_str();
            if !seen.insert(name) {
                return Err(StoredSchemaError::Twice { table: self.doc.table.clone(), column: name.to_string() });
            }
            if let Some(before) = self.columns.iter().find(|before| before.name == name) {
                if before.ktype != column.ktype {
                    let (before, found) = (before.ktype, column.ktype);
                    return Err(StoredSchemaError::Type { column: name.to_string(), before, found });
                }
                continue;
            }
            let name_error = |why| Err(StoredSchemaError::Name { column: name.to_string(), why });
            if name.is_empty() || name.chars().any(char::is_control) || name.len() > 256 {
                return name_error("it is empty, longer than 256 bytes or has control characters");
            }
            if matches!(name, "_batch" | "_pos" | "_LogEntry" | "_LogPosition") {
                return name_error("it is the store's own");
            }
            let id = next.doc.columns.last().map_or(Some(0), |last| last.id.checked_add(1));
            let id = id.ok_or(StoredSchemaError::TooMany)?;
            next.doc.columns.push(SchemaColumn { id, kind: cell_type(column.ktype), name: name.to_string() });
            next.columns.push(column.clone());
        }
        if next.columns.len() > self.columns.len() {
            next.doc.id += 1;
        }
        Ok(next)
    }

    /// Takes up what a document says.
    pub fn from_doc(doc: SchemaDoc) -> StoredSchema {
        let columns =
            doc.columns.iter().map(|column| Column::new(column.name.clone(), kql_type(column.kind))).collect();
        StoredSchema { doc, columns }
    }

    /// Returns the document.
    pub fn doc(&self) -> &SchemaDoc {
        &self.doc
    }

    /// Returns the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}

const TYPES: [(KqlType, CellType); 10] = [
    (KqlType::Bool, CellType::Bool),
    (KqlType::Int, CellType::Int),
    (KqlType::Long, CellType::Long),
    (KqlType::Real, CellType::Real),
    (KqlType::Decimal, CellType::Decimal),
    (KqlType::String, CellType::String),
    (KqlType::Datetime, CellType::Datetime),
    (KqlType::Timespan, CellType::Timespan),
    (KqlType::Guid, CellType::Guid),
    (KqlType::Dynamic, CellType::Dynamic),
];

fn cell_type(ktype: KqlType) -> CellType {
    TYPES.iter().find(|(of, _)| *of == ktype).map_or(CellType::String, |(_, cell)| *cell)
}

fn kql_type(kind: CellType) -> KqlType {
    TYPES.iter().find(|(_, of)| *of == kind).map_or(KqlType::String, |(ktype, _)| *ktype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_added_and_never_changed() {
        let first = StoredSchema::new("T", &[Column::new("User", KqlType::String)]).expect("a schema");
        assert_eq!(
            first.doc().to_text(),
            "vidimus.schema.v1\ntable T\nschema 1\ncolumn 0 datetime TimeGenerated\ncolumn 1 string User\n"
        );
        let next =
            first.with(&[Column::new("N", KqlType::Long), Column::new("User", KqlType::String)]).expect("a schema");
        assert_eq!((next.doc().id, next.columns().len()), (2, 3));
        assert_eq!(next.with(first.columns()).expect("the same"), next);
        assert_eq!(StoredSchema::from_doc(next.doc().clone()), next);
        let error = next.with(&[Column::new("N", KqlType::Real)]).expect_err("another type");
        assert_eq!(error.to_string(), "the column `N` is of type real, and was of type long");
        for columns in [
            vec![Column::new("a\nb", KqlType::Long)],
            vec![Column::new("_pos", KqlType::Long)],
            vec![Column::new("a", KqlType::Long), Column::new("a", KqlType::Long)],
            vec![Column::new("TimeGenerated", KqlType::String)],
        ] {
            assert!(StoredSchema::new("T", &columns).is_err(), "{columns:?}");
        }
        for ktype in KqlType::ALL {
            assert_eq!((kql_type(cell_type(ktype)), cell_type(ktype).word()), (ktype, ktype.name()));
        }
    }
}
