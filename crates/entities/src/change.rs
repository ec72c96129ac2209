//! The documents of changes: JSON, in the bytes that were hashed.

use crate::entity::{FunctionEntity, MappingEntity, TableEntity, ViewEntity};
use crate::error::EntityError;
use serde::{Deserialize, Serialize};

/// Bytes of a change at most.
const BYTES_MAX: usize = 4 << 20;

/// What is done to a workspace's names in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Change {
    /// What it is called in the journal, such as `CREATE-TABLE`.
    pub event: String,
    /// In the order in which they are done.
    pub steps: Vec<Step>,
}

/// One step of a change. It says how an entity is from now on, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Step {
    /// A table is made, changed, brought back, or shows other records from now on.
    SetTable(TableEntity),
    /// Records come into a stored table that nobody sees yet, since it is to take another's place.
    ReserveTable(TableEntity),
    /// A table leaves the names. Its records stay sealed.
    DropTable {
        name: String,
        stored: String,
    },
    /// Tables get other names, all at once.
    RenameTables(Vec<Rename>),
    SetFunction(FunctionEntity),
    DropFunction {
        name: String,
    },
    SetMapping(MappingEntity),
    DropMapping(MappingKey),
    SetView(ViewEntity),
    DropView {
        name: String,
    },
}

/// Another name of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rename {
    pub from: String,
    pub to: String,
    /// The name under which its records are sealed, which stays.
    pub stored: String,
}

/// What a mapping is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MappingKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    pub kind: String,
    pub name: String,
}

impl Change {
    /// Returns what the change is about, as its act says it.
    pub fn subject(&self) -> &'static str {
        "entities"
    }

    /// Returns the document as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Names and texts can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Change, EntityError> {
        serde_json::from_slice(bytes).map_err(|error| EntityError::Document(error.to_string()))
    }

    /// Makes sure that the change is not larger than one may be.
    ///
    /// # Errors
    /// When it is, or has no step.
    pub fn check_size(&self) -> Result<(), EntityError> {
        match self.steps.is_empty() {
            true => Err(EntityError::NoSteps),
            false if self.to_bytes().len() > BYTES_MAX => Err(EntityError::TooLarge { max: BYTES_MAX }),
            false => Ok(()),
        }
    }
}

impl Step {
    /// Returns the kind of what the step is about, as the journal has it, its name, and the name that it gets.
    pub fn about(&self) -> Vec<(&'static str, &str, &str)> {
        match self {
            Step::SetTable(table) | Step::ReserveTable(table) => vec![("Table", &table.name, &table.name)],
            Step::DropTable { name, .. } => vec![("Table", name, "")],
            Step::RenameTables(renames) => {
                renames.iter().map(|of| ("Table", of.from.as_str(), of.to.as_str())).collect()
            }
            Step::SetFunction(function) => vec![("Function", &function.name, &function.name)],
            Step::DropFunction { name } => vec![("Function", name, "")],
            Step::SetMapping(mapping) => vec![("Mapping", &mapping.name, &mapping.name)],
            Step::DropMapping(key) => vec![("Mapping", &key.name, "")],
            Step::SetView(view) => vec![("MaterializedView", &view.name, &view.name)],
            Step::DropView { name } => vec![("MaterializedView", name, "")],
        }
    }
}
