//! The ten scalar types of KQL.

use arrow::array::{ArrayRef, StringViewArray, new_null_array};
use arrow::datatypes::DataType;
use std::sync::Arc;

/// Digits that a `decimal` holds in all.
pub const DECIMAL_PRECISION: u8 = 76;
/// Digits of a `decimal` after the point.
pub const DECIMAL_SCALE: i8 = 38;

/// The key of an Arrow field's metadata that holds the KQL type's name, in files that we write and read: it tells a
/// dynamic or guid column from a string, and a timespan from a long.
pub const FIELD_TYPE_KEY: &str = "kql:type";

/// A scalar type of KQL.
///
/// # Source
/// Kusto reference, "Scalar data types".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KqlType {
    Bool,
    Int,
    Long,
    Real,
    Decimal,
    String,
    Datetime,
    Timespan,
    Guid,
    Dynamic,
}

impl KqlType {
    /// Every type, in the order of the reference.
    pub const ALL: [KqlType; 10] = [
        KqlType::Bool,
        KqlType::Int,
        KqlType::Long,
        KqlType::Real,
        KqlType::Decimal,
        KqlType::String,
        KqlType::Datetime,
        KqlType::Timespan,
        KqlType::Guid,
        KqlType::Dynamic,
    ];

    /// Returns the type's name as Kusto prints it.
    pub fn name(self) -> &'static str {
        match self {
            KqlType::Bool => "bool",
            KqlType::Int => "int",
            KqlType::Long => "long",
            KqlType::Real => "real",
            KqlType::Decimal => "decimal",
            KqlType::String => "string",
            KqlType::Datetime => "datetime",
            KqlType::Timespan => "timespan",
            KqlType::Guid => "guid",
            KqlType::Dynamic => "dynamic",
        }
    }

    /// Returns the name of the type in .NET, as `getschema` and schemas show it.
    pub fn system_name(self) -> &'static str {
        match self {
            KqlType::Bool => "System.SByte",
            KqlType::Int => "System.Int32",
            KqlType::Long => "System.Int64",
            KqlType::Real => "System.Double",
            KqlType::Decimal => "System.Data.SqlTypes.SqlDecimal",
            KqlType::String => "System.String",
            KqlType::Datetime => "System.DateTime",
            KqlType::Timespan => "System.TimeSpan",
            KqlType::Guid => "System.Guid",
            KqlType::Dynamic => "System.Object",
        }
    }

    /// Returns the type that a name or one of its synonyms stands for.
    pub fn from_name(name: &str) -> Option<KqlType> {
        Some(match name {
            "bool" | "boolean" => KqlType::Bool,
            "int" | "int32" => KqlType::Int,
            "long" | "int64" => KqlType::Long,
            "real" | "double" => KqlType::Real,
            "decimal" => KqlType::Decimal,
            "string" => KqlType::String,
            "datetime" | "date" => KqlType::Datetime,
            "timespan" | "time" => KqlType::Timespan,
            "guid" | "uuid" | "uniqueid" => KqlType::Guid,
            "dynamic" => KqlType::Dynamic,
            _ => return None,
        })
    }

    /// Returns the Arrow type that holds values of this type.
    pub fn arrow(self) -> DataType {
        match self {
            KqlType::Bool => DataType::Boolean,
            KqlType::Int => DataType::Int32,
            KqlType::Long | KqlType::Datetime | KqlType::Timespan => DataType::Int64,
            KqlType::Real => DataType::Float64,
            KqlType::Decimal => DataType::Decimal256(DECIMAL_PRECISION, DECIMAL_SCALE),
            KqlType::String | KqlType::Guid | KqlType::Dynamic => DataType::Utf8View,
        }
    }

    /// Returns a column of this type without a value in it: of nulls, of empty texts for a string.
    pub fn empty_column(self, n_rows: usize) -> ArrayRef {
        match self {
            // The view of an empty text is all zeros.
            KqlType::String => Arc::new(StringViewArray::new(vec![0; n_rows].into(), Vec::new(), None)),
            other => new_null_array(&other.arrow(), n_rows),
        }
    }

    /// Returns whether the type is one of int, long, real and decimal.
    pub fn is_numeric(self) -> bool {
        matches!(self, KqlType::Int | KqlType::Long | KqlType::Real | KqlType::Decimal)
    }

    /// Returns whether the type is int or long.
    pub fn is_integer(self) -> bool {
        matches!(self, KqlType::Int | KqlType::Long)
    }
}

impl std::fmt::Display for KqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
