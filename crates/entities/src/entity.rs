//! The things that have names.

use schema::{Column, KqlType};
use serde::{Deserialize, Serialize};

/// A table that people see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TableEntity {
    pub name: String,
    /// The name under which its records are sealed.
    pub stored: String,
    /// What is seen of its columns, in order; `None` for all of them under their own names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<ColumnEntity>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc_string: String,
}

/// A column that people see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ColumnEntity {
    pub name: String,
    /// The name under which its cells are sealed.
    pub stored: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub ktype: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc_string: String,
}

impl TableEntity {
    /// Makes an entity of a stored table that is seen as it is.
    pub fn plain(name: &str, stored: &str) -> TableEntity {
        TableEntity {
            name: name.to_string(),
            stored: stored.to_string(),
            columns: None,
            folder: String::new(),
            doc_string: String::new(),
        }
    }
}

impl ColumnEntity {
    /// Makes an entity of a column whose cells are sealed under `stored`.
    pub fn new(name: &str, stored: &str, ktype: KqlType) -> ColumnEntity {
        ColumnEntity {
            name: name.to_string(),
            stored: stored.to_string(),
            ktype: ktype.name().to_string(),
            doc_string: String::new(),
        }
    }

    /// Returns the column's type; a name that stands for none, which no change has, counts as text.
    pub fn ktype(&self) -> KqlType {
        KqlType::from_name(&self.ktype).unwrap_or(KqlType::String)
    }

    /// Returns the column as it is seen.
    pub fn seen(&self) -> Column {
        Column::new(self.name.clone(), self.ktype())
    }

    /// Returns the column as it is sealed.
    pub fn sealed(&self) -> Column {
        Column::new(self.stored.clone(), self.ktype())
    }
}

/// A function that queries may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FunctionEntity {
    pub name: String,
    /// `(a:long, T:(x:string))`.
    pub parameters: String,
    /// With the braces around it.
    pub body: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc_string: String,
    /// Whether `*` and `search` stand for it too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_view: bool,
}

/// How data become the columns of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MappingEntity {
    /// The table; `None` for a mapping that all tables of the database share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The format in lower case, such as `json`.
    pub kind: String,
    pub name: String,
    /// The mapping as it was given: a JSON array.
    pub mapping: String,
}

/// A view: a query over a table under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ViewEntity {
    pub name: String,
    pub source: String,
    pub query: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc_string: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !flag
}
