//! What a table's column ids mean: a text whose hash is in every batch.

use super::CellType;
use crate::text::Lines;
use crate::{Hash, TextError};

const HEADER: &str = "vidimus.schema.v1";

/// A column of a table, for good: an id is never given to another column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaColumn {
    pub id: u16,
    pub kind: CellType,
    pub name: String,
}

/// A table's columns at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDoc {
    pub table: String,
    /// The number of this version in the table.
    pub id: u32,
    /// By id, ascending.
    pub columns: Vec<SchemaColumn>,
}

impl SchemaDoc {
    /// Returns the text that is hashed and put into bundles.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\ntable {}\nschema {}\n", self.table, self.id);
        for SchemaColumn { id, kind, name } in &self.columns {
            text.push_str(&format!("column {id} {} {name}\n", kind.word()));
        }
        text
    }

    /// Reads a schema.
    ///
    /// # Errors
    /// When it has another form, ids do not ascend, or a name is there twice.
    pub fn parse(bytes: &[u8]) -> Result<SchemaDoc, TextError> {
        let mut lines = Lines::new("schema", bytes)?;
        lines.expect(HEADER)?;
        let table = lines.name("table")?;
        let id = lines.number("schema")?;
        let id = u32::try_from(id).map_err(|_| lines.error("the schema's number is too large"))?;
        let mut columns: Vec<SchemaColumn> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(column) = lines.next_if("column") {
            let mut parts = column.splitn(3, ' ');
            let (Some(id), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(lines.error("a column has an id, a type and a name"));
            };
            let id = u16::try_from(lines.as_number(id)?).map_err(|_| lines.error("not a column's id"))?;
            let kind = CellType::parse(kind).ok_or_else(|| lines.error("unknown type"))?;
            let name = lines.as_name(name)?;
            if columns.last().is_some_and(|before| before.id >= id) || !names.insert(name.clone()) {
                return Err(lines.error("ids ascend and names differ"));
            }
            columns.push(SchemaColumn { id, kind, name });
        }
        lines.end()?;
        Ok(SchemaDoc { table, id, columns })
    }

    /// Returns the hash that batches name.
    pub fn hash(&self) -> Hash {
        Hash::of(self.to_text().as_bytes())
    }

    /// Returns the column with an id.
    pub fn column(&self, id: u16) -> Option<&SchemaColumn> {
        let idx = self.columns.binary_search_by_key(&id, |column| column.id).ok()?;
        self.columns.get(idx)
    }
}
