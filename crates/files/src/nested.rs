//! Values of any Arrow array as JSON text, for dynamic columns.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    ArrowDictionaryKeyType, DataType, Date32Type, Date64Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use schema::dynamic::{json_real, write_json_string};
use schema::{number, ticks};

/// Levels of nesting that are written; what lies deeper is null.
const DEPTH_MAX: usize = 256;

/// Appends the JSON text of an array's value.
pub(crate) fn write_json(out: &mut String, array: &dyn Array, row: usize) {
    write(out, array, row, 0);
}

fn write(out: &mut String, array: &dyn Array, row: usize, depth: usize) {
    if array.is_null(row) || depth > DEPTH_MAX {
        out.push_str("null");
        return;
    }
    match array.data_type() {
        DataType::Boolean => out.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        DataType::Utf8 => write_json_string(out, array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => write_json_string(out, array.as_string::<i64>().value(row)),
        DataType::Utf8View => write_json_string(out, array.as_string_view().value(row)),
        DataType::List(_) => items(out, array.as_list::<i32>().value(row).as_ref(), depth),
        DataType::LargeList(_) => items(out, array.as_list::<i64>().value(row).as_ref(), depth),
        DataType::ListView(_) => items(out, array.as_list_view::<i32>().value(row).as_ref(), depth),
        DataType::LargeListView(_) => items(out, array.as_list_view::<i64>().value(row).as_ref(), depth),
        DataType::FixedSizeList(..) => items(out, array.as_fixed_size_list().value(row).as_ref(), depth),
        DataType::Struct(fields) => {
            out.push('{');
            for (i, (field, column)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(out, field.name());
                out.push(':');
                write(out, column.as_ref(), row, depth + 1);
            }
            out.push('}');
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push('{');
            for i in 0..entries.len() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(out, &plain_text(keys.as_ref(), i));
                out.push(':');
                write(out, values.as_ref(), i, depth + 1);
            }
            out.push('}');
        }
        DataType::Dictionary(key, _) => match key.as_ref() {
            DataType::Int8 => dictionary::<Int8Type>(out, array, row, depth),
            DataType::Int16 => dictionary::<Int16Type>(out, array, row, depth),
            DataType::Int32 => dictionary::<Int32Type>(out, array, row, depth),
            DataType::Int64 => dictionary::<Int64Type>(out, array, row, depth),
            DataType::UInt8 => dictionary::<UInt8Type>(out, array, row, depth),
            DataType::UInt16 => dictionary::<UInt16Type>(out, array, row, depth),
            DataType::UInt32 => dictionary::<UInt32Type>(out, array, row, depth),
            _ => dictionary::<UInt64Type>(out, array, row, depth),
        },
        DataType::Float16 => real(out, f64::from(array.as_primitive::<Float16Type>().value(row))),
        DataType::Float32 => real(out, short_float(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => real(out, array.as_primitive::<Float64Type>().value(row)),
        t if t.is_integer() || t.is_decimal() => out.push_str(&plain_text(array, row)),
        _ => write_json_string(out, &plain_text(array, row)),
    }
}

fn items(out: &mut String, items: &dyn Array, depth: usize) {
    out.push('[');
    for i in 0..items.len() {
        if i > 0 {
            out.push(',');
        }
        write(out, items, i, depth + 1);
    }
    out.push(']');
}

fn dictionary<K: ArrowDictionaryKeyType>(out: &mut String, array: &dyn Array, row: usize, depth: usize) {
    let dictionary = array.as_dictionary::<K>();
    match dictionary.key(row) {
        Some(key) => write(out, dictionary.values().as_ref(), key, depth),
        None => out.push_str("null"),
    }
}

fn real(out: &mut String, value: f64) {
    if value.is_finite() {
        out.push_str(&json_real(value));
    } else {
        write_json_string(out, &number::real_output_text(value));
    }
}

/// Returns the double whose shortest text is that of the float: 0.1, not 0.10000000149011612.
pub(crate) fn short_float(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// Returns the text that Kusto prints for a value that is not nested; empty for null.
pub(crate) fn plain_text(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) {
        return String::new();
    }
    if let Some(instant) = instant(array, row) {
        return instant.map(ticks::datetime_text).unwrap_or_default();
    }
    if let Some(duration) = duration(array, row) {
        return duration.map(ticks::timespan_text).unwrap_or_default();
    }
    match array.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let mut out = String::new();
            write(&mut out, array, row, 0);
            out.trim_matches('"').to_string()
        }
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(row)).into_owned(),
        DataType::LargeBinary => String::from_utf8_lossy(array.as_binary::<i64>().value(row)).into_owned(),
        DataType::BinaryView => String::from_utf8_lossy(array.as_binary_view().value(row)).into_owned(),
        DataType::FixedSizeBinary(_) => String::from_utf8_lossy(array.as_fixed_size_binary().value(row)).into_owned(),
        _ => array_value_to_string(array, row).unwrap_or_default(),
    }
}

/// Returns a date's or timestamp's instant in ticks: `None` for other types, `Some(None)` past the years 1 to 9999.
pub(crate) fn instant(array: &dyn Array, row: usize) -> Option<Option<i64>> {
    let (value, scale) = match array.data_type() {
        DataType::Date32 => (i64::from(array.as_primitive::<Date32Type>().value(row)), ticks::DAY),
        DataType::Date64 => (array.as_primitive::<Date64Type>().value(row), ticks::MILLISECOND),
        DataType::Timestamp(TimeUnit::Second, _) => {
            (array.as_primitive::<TimestampSecondType>().value(row), ticks::SECOND)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            (array.as_primitive::<TimestampMillisecondType>().value(row), ticks::MILLISECOND)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            (array.as_primitive::<TimestampMicrosecondType>().value(row), ticks::MICROSECOND)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            (array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(100), 1)
        }
        _ => return None,
    };
    let instant = value.checked_mul(scale).and_then(|n| n.checked_add(ticks::UNIX_EPOCH));
    Some(instant.filter(|n| (0..=ticks::DATETIME_MAX).contains(n)))
}

/// Returns a duration or time of day in ticks: `None` for other types, `Some(None)` when it is too long.
pub(crate) fn duration(array: &dyn Array, row: usize) -> Option<Option<i64>> {
    let (value, scale) = match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            (i64::from(array.as_primitive::<Time32SecondType>().value(row)), ticks::SECOND)
        }
        DataType::Time32(_) => {
            (i64::from(array.as_primitive::<Time32MillisecondType>().value(row)), ticks::MILLISECOND)
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            (array.as_primitive::<Time64MicrosecondType>().value(row), ticks::MICROSECOND)
        }
        DataType::Time64(_) => (array.as_primitive::<Time64NanosecondType>().value(row).div_euclid(100), 1),
        DataType::Duration(TimeUnit::Second) => (array.as_primitive::<DurationSecondType>().value(row), ticks::SECOND),
        DataType::Duration(TimeUnit::Millisecond) => {
            (array.as_primitive::<DurationMillisecondType>().value(row), ticks::MILLISECOND)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            (array.as_primitive::<DurationMicrosecondType>().value(row), ticks::MICROSECOND)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            (array.as_primitive::<DurationNanosecondType>().value(row).div_euclid(100), 1)
        }
        _ => return None,
    };
    Some(value.checked_mul(scale))
}
