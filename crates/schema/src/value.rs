//! One typed scalar value: a literal of a query, a cell of a result.

use crate::{Dynamic, KqlType, number, ticks};
use arrow::datatypes::i256;

/// A scalar value with its KQL type. `Null(t)` is the null of type `t`; a string is never null.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null(KqlType),
    Bool(bool),
    Int(i32),
    Long(i64),
    Real(f64),
    /// Scaled by 10^38.
    Decimal(i256),
    String(String),
    /// Ticks since 0001-01-01.
    Datetime(i64),
    /// Ticks.
    Timespan(i64),
    /// Canonical lower-case text.
    Guid(String),
    Dynamic(Dynamic),
}

impl Value {
    /// Returns the value's KQL type.
    pub fn ktype(&self) -> KqlType {
        match self {
            Value::Null(ktype) => *ktype,
            Value::Bool(_) => KqlType::Bool,
            Value::Int(_) => KqlType::Int,
            Value::Long(_) => KqlType::Long,
            Value::Real(_) => KqlType::Real,
            Value::Decimal(_) => KqlType::Decimal,
            Value::String(_) => KqlType::String,
            Value::Datetime(_) => KqlType::Datetime,
            Value::Timespan(_) => KqlType::Timespan,
            Value::Guid(_) => KqlType::Guid,
            Value::Dynamic(_) => KqlType::Dynamic,
        }
    }

    /// Returns the null of a type; for string, the empty string.
    pub fn null(ktype: KqlType) -> Value {
        if ktype == KqlType::String { Value::String(String::new()) } else { Value::Null(ktype) }
    }

    /// Returns whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null(_)) || matches!(self, Value::Dynamic(Dynamic::Null))
    }

    /// Returns the text that `tostring()` gives: empty for null.
    ///
    /// # Source
    /// Kusto reference, "tostring()".
    pub fn to_text(&self) -> String {
        match self {
            Value::Null(_) => String::new(),
            Value::Bool(value) => (if *value { "True" } else { "False" }).to_string(),
            Value::Int(value) => value.to_string(),
            Value::Long(value) => value.to_string(),
            Value::Real(value) => number::real_text(*value),
            Value::Decimal(value) => number::decimal_text(*value),
            Value::String(value) | Value::Guid(value) => value.clone(),
            Value::Datetime(value) => ticks::datetime_text(*value),
            Value::Timespan(value) => ticks::timespan_text(*value),
            Value::Dynamic(Dynamic::String(value)) => value.clone(),
            Value::Dynamic(Dynamic::Null) => String::new(),
            Value::Dynamic(value) => value.to_json(),
        }
    }

    /// Returns the value as a dynamic value, as `pack_array()` would hold it.
    pub fn to_dynamic(&self) -> Dynamic {
        match self {
            Value::Null(_) => Dynamic::Null,
            Value::Bool(value) => Dynamic::Bool(*value),
            Value::Int(value) => Dynamic::Number(value.to_string()),
            Value::Long(value) => Dynamic::Number(value.to_string()),
            Value::Real(value) => Dynamic::from_real(*value),
            Value::Decimal(value) => Dynamic::String(number::decimal_text(*value)),
            Value::String(value) | Value::Guid(value) => Dynamic::String(value.clone()),
            Value::Datetime(value) => Dynamic::String(ticks::datetime_text(*value)),
            Value::Timespan(value) => Dynamic::String(ticks::timespan_text(*value)),
            Value::Dynamic(value) => value.clone(),
        }
    }
}
