//! KQL values as the engine's literals and back.

use arrow::array::ArrayRef;
use datafusion::error::Result as EngineResult;
use datafusion::scalar::ScalarValue;
use kql_functions::args::{array_of, value_at};
use schema::{DECIMAL_PRECISION, DECIMAL_SCALE, Dynamic, KqlType, Value};

/// Returns the engine's literal for a value.
pub fn scalar_of(value: &Value) -> ScalarValue {
    match value {
        Value::Null(ktype) => null_scalar(*ktype),
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Int(value) => ScalarValue::Int32(Some(*value)),
        Value::Long(value) | Value::Datetime(value) | Value::Timespan(value) => ScalarValue::Int64(Some(*value)),
        Value::Real(value) => ScalarValue::Float64(Some(*value)),
        Value::Decimal(value) => ScalarValue::Decimal256(Some(*value), DECIMAL_PRECISION, DECIMAL_SCALE),
        Value::String(text) | Value::Guid(text) => ScalarValue::Utf8View(Some(text.clone())),
        Value::Dynamic(Dynamic::Null) => null_scalar(KqlType::Dynamic),
        Value::Dynamic(value) => ScalarValue::Utf8View(Some(value.to_json())),
    }
}

/// Returns the null of a type; for string, the empty text.
pub fn null_scalar(ktype: KqlType) -> ScalarValue {
    match ktype {
        KqlType::Bool => ScalarValue::Boolean(None),
        KqlType::Int => ScalarValue::Int32(None),
        KqlType::Long | KqlType::Datetime | KqlType::Timespan => ScalarValue::Int64(None),
        KqlType::Real => ScalarValue::Float64(None),
        KqlType::Decimal => ScalarValue::Decimal256(None, DECIMAL_PRECISION, DECIMAL_SCALE),
        KqlType::String => ScalarValue::Utf8View(Some(String::new())),
        KqlType::Guid | KqlType::Dynamic => ScalarValue::Utf8View(None),
    }
}

/// Reads an engine's literal as a value of a type.
pub fn value_of(scalar: &ScalarValue, ktype: KqlType) -> EngineResult<Value> {
    Ok(value_at(&scalar.to_array()?, ktype, 0))
}

/// Builds the columns of rows given in a query.
pub fn columns_of(types: &[KqlType], rows: &[Vec<Value>]) -> Vec<ArrayRef> {
    let cell = |row: &Vec<Value>, i: usize, ktype| row.get(i).cloned().unwrap_or(Value::null(ktype));
    types.iter().enumerate().map(|(i, ktype)| array_of(*ktype, rows.iter().map(|row| cell(row, i, *ktype)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_there_and_back() {
        let values = [
            Value::Bool(true),
            Value::Int(-3),
            Value::Long(i64::MIN),
            Value::Real(1.5),
            Value::String(String::new()),
            Value::Datetime(638_000_000_000_000_001),
            Value::Timespan(-1),
            Value::Guid("0f0f0f0f-1234-4abc-a777-00c0ffee0001".into()),
            Value::Dynamic(Dynamic::parse("{\"a\":[1,2.50]}").unwrap_or(Dynamic::Null)),
        ];
        for value in values {
            assert_eq!(value_of(&scalar_of(&value), value.ktype()).ok(), Some(value));
        }
        for ktype in KqlType::ALL {
            let null = Value::null(ktype);
            assert_eq!(scalar_of(&null).data_type(), ktype.arrow());
            assert_eq!(value_of(&scalar_of(&null), ktype).ok(), Some(null));
        }
    }
}
