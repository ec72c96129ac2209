//! KQL's types, their Arrow representation, their values and texts, and the built-in table schemas.
//!
//! | KQL      | Arrow physical type | note |
//! |----------|---------------------|------|
//! | bool     | Boolean             | |
//! | int      | Int32               | |
//! | long     | Int64               | overflow wraps |
//! | real     | Float64             | |
//! | decimal  | Decimal256(76, 38)  | 38 digits before and 38 after the point |
//! | string   | Utf8View            | never null inside a plan: null and empty are one |
//! | datetime | Int64               | ticks of 100 ns since 0001-01-01T00:00:00Z |
//! | timespan | Int64               | ticks of 100 ns |
//! | guid     | Utf8View            | canonical lower-case 8-4-4-4-12 text, or null |
//! | dynamic  | Utf8View            | JSON text as received, or null |
//!
//! The physical type does not say the KQL type: plans and calls carry the KQL type beside it.

pub mod dynamic;
mod grisu;
pub mod number;
pub mod tables;
pub mod ticks;
mod types;
mod value;

pub use dynamic::Dynamic;
pub use types::{DECIMAL_PRECISION, DECIMAL_SCALE, FIELD_TYPE_KEY, KqlType};
pub use value::Value;

/// A column of a table or of a result: its name and type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    pub name: String,
    pub ktype: KqlType,
}

impl Column {
    /// Makes a column.
    pub fn new(name: impl Into<String>, ktype: KqlType) -> Column {
        Column { name: name.into(), ktype }
    }
}

/// A named list of columns, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    pub name: String,
    pub columns: Vec<Column>,
}
