//! Cells of one typed column, read by row without a value object per cell: as JSON, as bytes, as a stable hash.

use crate::args::EvalError;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringViewArray};
use arrow::datatypes::{DataType, Decimal256Type, Float64Type, Int32Type, Int64Type};
use schema::{Dynamic, KqlType, dynamic, number, ticks};
use xxhash_rust::xxh3::xxh3_64;

/// A column of one of the KQL types.
#[derive(Clone, Copy)]
pub enum Cells<'a> {
    Bool(&'a BooleanArray),
    Int(&'a PrimitiveArray<Int32Type>),
    Long(&'a PrimitiveArray<Int64Type>),
    Real(&'a PrimitiveArray<Float64Type>),
    Decimal(&'a PrimitiveArray<Decimal256Type>),
    /// Never null: an Arrow null reads as the empty string.
    String(&'a StringViewArray),
    Datetime(&'a PrimitiveArray<Int64Type>),
    Timespan(&'a PrimitiveArray<Int64Type>),
    Guid(&'a StringViewArray),
    Dynamic(&'a StringViewArray),
}

impl<'a> Cells<'a> {
    /// Reads an array as a column of a KQL type.
    ///
    /// # Errors
    /// When the array is not of the type's Arrow type: a fault of the plan, not of the user.
    pub fn new(array: &'a ArrayRef, ktype: KqlType) -> Result<Cells<'a>, EvalError> {
        Ok(match ktype {
            KqlType::Bool => Cells::Bool(array.as_boolean_opt().ok_or_else(|| mismatch(array, ktype))?),
            KqlType::Int => Cells::Int(primitive(array, ktype)?),
            KqlType::Long => Cells::Long(primitive(array, ktype)?),
            KqlType::Real => Cells::Real(primitive(array, ktype)?),
            KqlType::Decimal => Cells::Decimal(primitive(array, ktype)?),
            KqlType::String => Cells::String(text(array, ktype)?),
            KqlType::Datetime => Cells::Datetime(primitive(array, ktype)?),
            KqlType::Timespan => Cells::Timespan(primitive(array, ktype)?),
            KqlType::Guid => Cells::Guid(text(array, ktype)?),
            KqlType::Dynamic => Cells::Dynamic(text(array, ktype)?),
        })
    }

    /// Returns the column as texts when it holds texts and no null.
    pub fn texts(&self) -> Option<&'a StringViewArray> {
        match self {
            Cells::String(array) | Cells::Guid(array) if array.null_count() == 0 => Some(array),
            _ => None,
        }
    }

    /// Returns whether the row has no value. A dynamic that holds JSON's `null` has none; a string always has one.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Cells::Bool(array) => array.is_null(row),
            Cells::Int(array) => array.is_null(row),
            Cells::Long(array) | Cells::Datetime(array) | Cells::Timespan(array) => array.is_null(row),
            Cells::Real(array) => array.is_null(row),
            Cells::Decimal(array) => array.is_null(row),
            Cells::String(_) => false,
            Cells::Guid(array) => array.is_null(row),
            Cells::Dynamic(array) => array.is_null(row) || array.value(row) == "null",
        }
    }

    /// Returns whether the row is null or the empty string.
    pub fn is_empty(&self, row: usize) -> bool {
        match self {
            Cells::String(array) => array.is_null(row) || array.value(row).is_empty(),
            other => other.is_null(row),
        }
    }

    /// Appends the cell as JSON, as `pack_array()` would hold it. Appends nothing and returns false for null.
    pub fn write_json(&self, row: usize, out: &mut String) -> bool {
        if self.is_null(row) {
            return false;
        }
        match self {
            Cells::Bool(array) => out.push_str(if array.value(row) { "true" } else { "false" }),
            Cells::Int(array) => write_long(out, i64::from(array.value(row))),
            Cells::Long(array) => write_long(out, array.value(row)),
            Cells::Real(array) => write_real(out, array.value(row)),
            Cells::Decimal(array) => {
                out.push('"');
                out.push_str(&number::decimal_text(array.value(row)));
                out.push('"');
            }
            Cells::String(array) if array.is_null(row) => out.push_str("\"\""),
            Cells::String(array) => dynamic::write_json_string(out, array.value(row)),
            Cells::Guid(array) => dynamic::write_json_string(out, array.value(row)),
            Cells::Datetime(array) => {
                out.push('"');
                ticks::write_datetime(out, array.value(row));
                out.push('"');
            }
            Cells::Timespan(array) => {
                out.push('"');
                out.push_str(&ticks::timespan_text(array.value(row)));
                out.push('"');
            }
            Cells::Dynamic(array) => out.push_str(array.value(row)),
        }
        true
    }

    /// Returns the cell's hash, `None` for null. The hash of a value never changes between versions, as `hll()` results
    /// are stored: whole numbers and ticks by the finalizer of splitmix64, all else by XXH3 of their bytes with seed 0.
    pub fn hash(&self, row: usize) -> Option<u64> {
        if self.is_null(row) {
            return None;
        }
        Some(match self {
            Cells::Bool(array) => mix(u64::from(array.value(row))),
            Cells::Int(array) => mix(i64::from(array.value(row)) as u64),
            Cells::Long(array) | Cells::Datetime(array) | Cells::Timespan(array) => mix(array.value(row) as u64),
            Cells::Real(array) => mix(real_bits(array.value(row))),
            Cells::Decimal(array) => xxh3_64(&array.value(row).to_le_bytes()),
            Cells::String(array) if array.is_null(row) => xxh3_64(&[]),
            Cells::String(array) | Cells::Guid(array) | Cells::Dynamic(array) => text_hash(array.value(row).as_bytes()),
        })
    }

    /// Calls `with` with bytes that are equal for equal values of the column's type and different for different ones.
    /// Does nothing and returns `None` for null.
    pub fn with_bytes<R>(&self, row: usize, with: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if self.is_null(row) {
            return None;
        }
        Some(match self {
            Cells::Bool(array) => with(&[u8::from(array.value(row))]),
            Cells::Int(array) => with(&array.value(row).to_le_bytes()),
            Cells::Long(array) | Cells::Datetime(array) | Cells::Timespan(array) => {
                with(&array.value(row).to_le_bytes())
            }
            Cells::Real(array) => with(&real_bits(array.value(row)).to_le_bytes()),
            Cells::Decimal(array) => with(&array.value(row).to_le_bytes()),
            Cells::String(array) if array.is_null(row) => with(&[]),
            Cells::String(array) | Cells::Guid(array) | Cells::Dynamic(array) => with(array.value(row).as_bytes()),
        })
    }
}

/// Reads an array as primitives.
///
/// # Errors
/// When it is of another Arrow type.
pub fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef, ktype: KqlType) -> Result<&PrimitiveArray<T>, EvalError> {
    array.as_primitive_opt().ok_or_else(|| mismatch(array, ktype))
}

/// Reads an array as texts.
///
/// # Errors
/// When it is of another Arrow type.
pub fn text(array: &ArrayRef, ktype: KqlType) -> Result<&StringViewArray, EvalError> {
    array.as_string_view_opt().ok_or_else(|| mismatch(array, ktype))
}

fn mismatch(array: &ArrayRef, ktype: KqlType) -> EvalError {
    let held: &DataType = array.data_type();
    EvalError::new(format!("a column of type {ktype} holds values of type {held}"))
}

/// Appends a whole number's digits.
fn write_long(out: &mut String, value: i64) {
    use std::fmt::Write as _;
    // Writing to a string does not fail.
    let _ = write!(out, "{value}");
}

/// Appends a real as JSON; NaN and the infinities become strings, as JSON has no such numbers.
pub fn write_real(out: &mut String, value: f64) {
    if value.is_finite() {
        out.push_str(&dynamic::json_real(value));
    } else {
        Dynamic::from_real(value).write_json(out);
    }
}

/// Returns bits that are equal for equal reals: one zero, one NaN.
fn real_bits(value: f64) -> u64 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

/// The hash of a text; see [`Cells::hash`].
#[inline]
pub fn text_hash(text: &[u8]) -> u64 {
    xxh3_64(text)
}

/// The finalizer of splitmix64.
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::array_of;
    use schema::Value;

    #[test]
    fn cells_write_the_json_that_values_have() {
        let values = [
            Value::Bool(true),
            Value::Int(-3),
            Value::Long(i64::MIN),
            Value::Real(1.0),
            Value::Real(f64::NAN),
            Value::Decimal(number::parse_decimal("1.25").expect("a decimal")),
            Value::String("a\"b".into()),
            Value::Datetime(ticks::UNIX_EPOCH),
            Value::Timespan(-ticks::HOUR),
            Value::Guid("74be27de-1e4e-49d9-b579-fe0b331d3642".into()),
            Value::Dynamic(Dynamic::Array(vec![Dynamic::Null])),
        ];
        for value in values {
            let array = array_of(value.ktype(), [value.clone(), Value::null(value.ktype())].into_iter());
            let cells = Cells::new(&array, value.ktype()).expect("of the type");
            let mut json = String::new();
            assert!(cells.write_json(0, &mut json));
            assert_eq!(json, value.to_dynamic().to_json());
            assert_eq!(cells.is_null(1), value.ktype() != KqlType::String, "{value:?}");
            assert_eq!(cells.hash(1).is_none(), cells.is_null(1));
        }
    }

    #[test]
    fn hashes_are_stable() {
        let array = array_of(KqlType::Long, [1i64, 2].into_iter().map(Value::Long));
        let ints = array_of(KqlType::Int, [1, 2].into_iter().map(Value::Int));
        let (longs, ints) =
            (Cells::new(&array, KqlType::Long).expect("long"), Cells::new(&ints, KqlType::Int).expect("int"));
        assert_eq!(longs.hash(0), Some(0x910A_2DEC_8902_5CC1));
        assert_eq!(longs.hash(1), ints.hash(1));
        let array = array_of(KqlType::String, std::iter::once(Value::String("a".into())));
        assert_eq!(Cells::new(&array, KqlType::String).expect("string").hash(0), Some(0xE6C6_32B6_1E96_4E1F));
    }
}
