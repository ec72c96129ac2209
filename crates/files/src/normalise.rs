//! Columns of typed files (Parquet) as the physical arrays of KQL types.
//!
//! | file | KQL |
//! |---|---|
//! | boolean | bool |
//! | 8, 16, 32-bit integers | int |
//! | 64-bit and unsigned integers | long |
//! | floats | real |
//! | decimals | decimal |
//! | text, binary (what is not UTF-8 is replaced and counted), enumerations | string |
//! | dates, timestamps (those without a zone are UTC; nanoseconds below 100 are cut off) | datetime |
//! | times of day, durations | timespan |
//! | UUIDs | guid |
//! | structures, lists, maps, JSON | dynamic |
//!
//! A field whose metadata names a KQL type ([`schema::FIELD_TYPE_KEY`]) has that type.

use crate::cell::{self, ColumnBuilder};
use crate::nested;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray, StringViewBuilder, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use schema::{FIELD_TYPE_KEY, KqlType};
use std::sync::Arc;

/// A column in KQL's physical type.
#[derive(Debug, Clone)]
pub struct Normalised {
    pub array: ArrayRef,
    /// Values that do not fit the type: null stands in their place, in a string U+FFFD for what is no text.
    pub misfits: u64,
}

/// Returns the KQL type that a file's column has by itself.
pub fn natural_type(field: &Field) -> KqlType {
    if let Some(ktype) = field.metadata().get(FIELD_TYPE_KEY).and_then(|name| KqlType::from_name(name)) {
        return ktype;
    }
    match field.metadata().get("ARROW:extension:name").map(String::as_str) {
        Some("arrow.json") => return KqlType::Dynamic,
        Some("arrow.uuid") => return KqlType::Guid,
        _ => {}
    }
    type_of(field.data_type())
}

fn type_of(from: &DataType) -> KqlType {
    match from {
        DataType::Boolean => KqlType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 => KqlType::Int,
        t if t.is_integer() => KqlType::Long,
        t if t.is_floating() => KqlType::Real,
        t if t.is_decimal() => KqlType::Decimal,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => KqlType::Datetime,
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => KqlType::Timespan,
        DataType::Dictionary(_, values) => type_of(values),
        DataType::RunEndEncoded(_, values) => type_of(values.data_type()),
        t if t.is_nested() => KqlType::Dynamic,
        _ => KqlType::String,
    }
}

/// Brings a file's column to the physical type of a KQL type.
///
/// # Errors
/// What Arrow reports when it cannot build the array; values that do not fit are no error but counted.
pub fn normalise(array: &ArrayRef, field: &Field, to: KqlType) -> Result<Normalised, ArrowError> {
    let from = array.data_type();
    if natural_type(field) == to && *from == to.arrow() && to != KqlType::Dynamic {
        return Ok(exact(fill(array, to)));
    }
    match (from, to) {
        (DataType::Dictionary(_, values), _) => {
            let field = field.clone().with_data_type(values.as_ref().clone());
            normalise(&cast(array, values)?, &field, to)
        }
        (DataType::RunEndEncoded(_, values), _) => {
            let field = field.clone().with_data_type(values.data_type().clone());
            normalise(&cast(array, values.data_type())?, &field, to)
        }
        (DataType::Utf8View, KqlType::Dynamic) if array.as_string_view().iter().flatten().all(cell::is_json) => {
            Ok(exact(array.clone()))
        }
        (DataType::Null, _) => Ok(exact(fill(&new_null_array(&to.arrow(), array.len()), to))),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, KqlType::String) => {
            Ok(exact(fill(&cast(array, &DataType::Utf8View)?, to)))
        }
        (DataType::FixedSizeBinary(16), KqlType::Guid) => Ok(exact(uuids(array))),
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_), _) => {
            let text = binary_text(array);
            let field = Field::new(field.name(), DataType::Utf8View, true);
            let normalised = normalise(&text.array, &field, to)?;
            Ok(Normalised { misfits: normalised.misfits + text.misfits, ..normalised })
        }
        (DataType::Date32 | DataType::Date64 | DataType::Timestamp(..), KqlType::Datetime) => {
            Ok(ticks(array, nested::instant))
        }
        (DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_), KqlType::Timespan) => {
            Ok(ticks(array, nested::duration))
        }
        (DataType::Float32, KqlType::Real) => {
            // The nearest double of a float prints digits that nobody wrote.
            let floats = array.as_primitive::<arrow::datatypes::Float32Type>();
            let reals: arrow::array::Float64Array = floats.iter().map(|v| v.map(nested::short_float)).collect();
            Ok(exact(Arc::new(reals)))
        }
        (t, KqlType::Int | KqlType::Long | KqlType::Real | KqlType::Decimal)
            if t.is_integer() || t.is_decimal() || t.is_floating() =>
        {
            number(array, to)
        }
        (t, KqlType::Dynamic) if !matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
            let mut out = StringViewBuilder::with_capacity(array.len());
            let mut json = String::new();
            for row in 0..array.len() {
                if array.is_null(row) {
                    out.append_null();
                } else {
                    json.clear();
                    nested::write_json(&mut json, array.as_ref(), row);
                    out.append_value(&json);
                }
            }
            Ok(exact(Arc::new(out.finish())))
        }
        _ => by_text(array, to),
    }
}

fn exact(array: ArrayRef) -> Normalised {
    Normalised { array, misfits: 0 }
}

/// Returns the array with empty strings for nulls, if it is a string column.
fn fill(array: &ArrayRef, to: KqlType) -> ArrayRef {
    match array.as_string_view_opt() {
        Some(text) if to == KqlType::String && text.null_count() > 0 => {
            let filled: StringViewArray = text.iter().map(|value| Some(value.unwrap_or(""))).collect();
            Arc::new(filled)
        }
        _ => array.clone(),
    }
}

/// Casts between numbers; what overflows or loses a fraction is a misfit.
fn number(array: &ArrayRef, to: KqlType) -> Result<Normalised, ArrowError> {
    let from_fractions = array.data_type().is_floating() || array.data_type().is_decimal();
    if from_fractions && to.is_integer() {
        return by_text(array, to);
    }
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let out = cast_with_options(array, &to.arrow(), &options)?;
    let misfits = out.null_count().saturating_sub(array.null_count()) as u64;
    Ok(Normalised { array: out, misfits })
}

fn ticks(array: &ArrayRef, read: impl Fn(&dyn Array, usize) -> Option<Option<i64>>) -> Normalised {
    let mut misfits = 0;
    let values: Int64Array = (0..array.len())
        .map(|row| {
            if array.is_null(row) {
                return None;
            }
            let value = read(array.as_ref(), row).flatten();
            misfits += u64::from(value.is_none());
            value
        })
        .collect();
    Normalised { array: Arc::new(values), misfits }
}

fn uuids(array: &ArrayRef) -> ArrayRef {
    let bytes = array.as_fixed_size_binary();
    let texts: StringViewArray = bytes
        .iter()
        .map(|value| {
            let hex: String = value?.iter().map(|b| format!("{b:02x}")).collect();
            cell::guid(&hex)
        })
        .collect();
    Arc::new(texts)
}

/// Reads bytes as UTF-8; what is none is replaced.
fn binary_text(array: &ArrayRef) -> Normalised {
    let mut out = StringViewBuilder::with_capacity(array.len());
    let mut misfits = 0;
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
            continue;
        }
        let bytes = match array.data_type() {
            DataType::Binary => array.as_binary::<i32>().value(row),
            DataType::LargeBinary => array.as_binary::<i64>().value(row),
            DataType::BinaryView => array.as_binary_view().value(row),
            _ => array.as_fixed_size_binary().value(row),
        };
        misfits += u64::from(std::str::from_utf8(bytes).is_err());
        out.append_value(String::from_utf8_lossy(bytes));
    }
    Normalised { array: Arc::new(out.finish()), misfits }
}

/// Goes through each value's text, as a cell of a text file would be read.
fn by_text(array: &ArrayRef, to: KqlType) -> Result<Normalised, ArrowError> {
    let is_text = matches!(array.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let texts = if is_text { Some(cast(array, &DataType::Utf8View)?) } else { None };
    let texts = texts.as_ref().and_then(|t| t.as_string_view_opt());
    let nested = array.data_type().is_nested();
    let mut builder = ColumnBuilder::new(to, array.len())?;
    let mut misfits = 0;
    for row in 0..array.len() {
        if array.is_null(row) {
            builder.push_null();
            continue;
        }
        let fits = match texts {
            Some(texts) => builder.push_text(texts.value(row)),
            None if nested => {
                let mut json = String::new();
                nested::write_json(&mut json, array.as_ref(), row);
                builder.push_text(&json)
            }
            // A bare number says no unit and no epoch.
            None if matches!(to, KqlType::Datetime | KqlType::Timespan) => {
                builder.push_null();
                false
            }
            None => builder.push_text(&nested::plain_text(array.as_ref(), row)),
        };
        misfits += u64::from(!fits);
    }
    Ok(Normalised { array: builder.finish(), misfits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::*;
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{Int32Type, Int64Type, i256};
    use arrow::util::display::array_value_to_string;

    /// Normalises to the array's own type, or another, and shows the values.
    fn check(array: ArrayRef, to: Option<KqlType>, ktype: KqlType, expected: &[&str], misfits: u64) {
        let field = Field::new("c", array.data_type().clone(), true);
        let to = to.unwrap_or_else(|| natural_type(&field));
        assert_eq!(to, ktype, "{field}");
        let normalised = normalise(&array, &field, to).unwrap();
        assert_eq!(*normalised.array.data_type(), to.arrow(), "{field}");
        let shown: Vec<String> = (0..array.len())
            .map(|row| match normalised.array.is_null(row) {
                true => "null".to_string(),
                false => array_value_to_string(&normalised.array, row).unwrap(),
            })
            .collect();
        assert_eq!(shown, expected, "{field} to {to}");
        assert_eq!(normalised.misfits, misfits, "{field} to {to}");
    }

    #[test]
    fn natural_types() {
        use KqlType::*;
        let epoch = "621355968000000000";
        check(Arc::new(BooleanArray::from(vec![Some(true), None])), None, Bool, &["true", "null"], 0);
        check(Arc::new(Int8Array::from(vec![-5])), None, Int, &["-5"], 0);
        check(Arc::new(UInt64Array::from(vec![7, u64::MAX])), None, Long, &["7", "null"], 1);
        check(Arc::new(Float32Array::from(vec![0.1])), None, Real, &["0.1"], 0);
        let decimals = Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap();
        check(Arc::new(decimals), None, Decimal, &["1.50000000000000000000000000000000000000"], 0);
        let large = Decimal256Array::from(vec![i256::from_string(&"9".repeat(60)).unwrap()])
            .with_precision_and_scale(76, 0)
            .unwrap();
        check(Arc::new(large), None, Decimal, &["null"], 1);
        check(Arc::new(StringArray::from(vec![Some("a"), None])), None, String, &["a", ""], 0);
        check(Arc::new(LargeStringArray::from(vec!["a"])), None, String, &["a"], 0);
        check(Arc::new(StringViewArray::from(vec![None, Some("x")])), None, String, &["", "x"], 0);
        let words: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
        check(Arc::new(words), None, String, &["a", "", "a"], 0);
        check(Arc::new(BinaryArray::from(vec![&b"ok"[..], &b"\xff"[..]])), None, String, &["ok", "\u{FFFD}"], 1);
        check(Arc::new(Date32Array::from(vec![1])), None, Datetime, &["621356832000000000"], 0);
        check(Arc::new(TimestampNanosecondArray::from(vec![-1, 0])), None, Datetime, &["621355967999999999", epoch], 0);
        check(Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("+02:00")), None, Datetime, &[epoch], 0);
        check(Arc::new(TimestampSecondArray::from(vec![i64::MAX])), None, Datetime, &["null"], 1);
        check(Arc::new(Time64MicrosecondArray::from(vec![1])), None, Timespan, &["10"], 0);
        check(Arc::new(DurationSecondArray::from(vec![-1])), None, Timespan, &["-10000000"], 0);
        check(Arc::new(NullArray::new(1)), None, String, &[""], 0);
    }

    #[test]
    fn nested_values_become_json() {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]);
        let items: ArrayRef = Arc::new(list);
        let text: ArrayRef = Arc::new(StringArray::from(vec!["q\"", "b"]));
        let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0, 0]));
        let reals: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        let bag = StructArray::try_from(vec![("i", items), ("t", text), ("d", times), ("r", reals)]).unwrap();
        let expected = [
            r#"{"i":[1,null],"t":"q\"","d":"1970-01-01T00:00:00.0000000Z","r":1.0}"#,
            r#"{"i":null,"t":"b","d":"1970-01-01T00:00:00.0000000Z","r":"NaN"}"#,
        ];
        check(Arc::new(bag), None, KqlType::Dynamic, &expected, 0);
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let entries = StructArray::try_from(vec![("key", keys), ("value", values)]).unwrap();
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let map = MapArray::new(field, OffsetBuffer::new(vec![0, 2].into()), entries, None, false);
        check(Arc::new(map), None, KqlType::Dynamic, &[r#"{"a":1,"b":2}"#], 0);
    }

    #[test]
    fn other_types_on_demand() {
        use KqlType::*;
        check(
            Arc::new(StringArray::from(vec!["2020-01-01", "x"])),
            Some(Datetime),
            Datetime,
            &["637134336000000000", "null"],
            1,
        );
        check(
            Arc::new(StringArray::from(vec!["{ \"a\": 1 }", "x"])),
            Some(Dynamic),
            Dynamic,
            &["{\"a\":1}", "\"x\""],
            0,
        );
        check(Arc::new(Int64Array::from(vec![5])), Some(String), String, &["5"], 0);
        check(Arc::new(Int64Array::from(vec![5, i64::MAX])), Some(Int), Int, &["5", "null"], 1);
        check(Arc::new(Float64Array::from(vec![5.0, 5.5])), Some(Long), Long, &["5", "null"], 1);
        check(Arc::new(Int64Array::from(vec![5])), Some(Datetime), Datetime, &["null"], 1);
        check(
            Arc::new(TimestampSecondArray::from(vec![0])),
            Some(String),
            String,
            &["1970-01-01T00:00:00.0000000Z"],
            0,
        );
        let bytes = FixedSizeBinaryArray::try_from_iter([[0xAB; 16]].into_iter()).unwrap();
        check(Arc::new(bytes), Some(Guid), Guid, &["abababab-abab-abab-abab-abababababab"], 0);
        let marked = Field::new("c", DataType::Int64, true)
            .with_metadata([(FIELD_TYPE_KEY.to_string(), "timespan".to_string())].into());
        let array: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        assert_eq!(natural_type(&marked), Timespan);
        assert_eq!(normalise(&array, &marked, Timespan).unwrap().misfits, 0);
    }
}
