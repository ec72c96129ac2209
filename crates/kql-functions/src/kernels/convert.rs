//! Conversions between KQL's types, a column at a time: what `tolong()`, `tostring()` and their kin do. What cannot be
//! converted becomes null, or the empty string.
//!
//! # Source
//! Kusto reference, the pages of the conversion functions; the edges (overflow, blanks, dynamic values) as measured on
//! Kusto's engine.

use super::{Operand, with_scale};
use crate::args::Arg;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Int32Array, PrimitiveArray, StringViewArray,
    StringViewBuilder,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, Int64Type, i256};
use schema::dynamic::{raw, write_json_string};
use schema::{KqlType, number, ticks};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// Booleans, or one for all rows.
#[derive(Debug, Clone)]
pub struct Truth {
    pub array: BooleanArray,
    pub constant: bool,
}

/// What a dynamic value is, when it is no array and no bag.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom<'a> {
    Bool(bool),
    Long(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// Null, an array or a bag.
    Other,
}

/// Reads a dynamic's JSON text.
pub fn atom(json: &str) -> Atom<'_> {
    match raw::kind(json) {
        raw::Kind::Bool => Atom::Bool(json.trim_start().starts_with('t')),
        raw::Kind::Number => {
            let text = json.trim();
            match text.parse() {
                Ok(long) => Atom::Long(long),
                Err(_) => text.parse().map_or(Atom::Other, Atom::Real),
            }
        }
        raw::Kind::String => raw::string(json).map_or(Atom::Other, Atom::Text),
        raw::Kind::Null | raw::Kind::Array | raw::Kind::Bag => Atom::Other,
    }
}

/// Returns the whole part of a real, at most the largest long; `None` for NaN and the infinities.
fn truncated(value: f64) -> Option<i64> {
    value.is_finite().then_some(value as i64)
}

/// Returns what a text says, `true` or `false` in any case or a whole number.
pub fn bool_of(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        number::parse_long(text).map(|value| value != 0)
    }
}

/// Reads a guid: 32 hexadecimal digits, with or without hyphens after the 8th, 12th, 16th and 20th; what follows is not
/// looked at. Returns its canonical text.
///
/// # Source
/// Kusto reference, "toguid()".
pub fn guid_of(text: &str) -> Option<String> {
    let text = text.trim();
    let mut bytes = text.strip_prefix('{').unwrap_or(text).bytes().peekable();
    let mut out = String::with_capacity(36);
    for n_digits in 0..32 {
        if matches!(n_digits, 8 | 12 | 16 | 20) {
            bytes.next_if_eq(&b'-');
            out.push('-');
        }
        let digit = bytes.next().filter(u8::is_ascii_hexdigit)?;
        out.push(char::from(digit.to_ascii_lowercase()));
    }
    Some(out)
}

/// Builds a primitive column from the texts of a string, guid or dynamic column.
fn parsed<T: ArrowPrimitiveType>(arg: &Arg, parse: impl Fn(&str) -> Option<T::Native>) -> PrimitiveArray<T> {
    arg.array.as_string_view().iter().map(|text| text.and_then(&parse)).collect()
}

fn of_bools<T: ArrowPrimitiveType>(arg: &Arg, zero: T::Native, one: T::Native) -> PrimitiveArray<T> {
    arg.array.as_boolean().iter().map(|truth| truth.map(|truth| if truth { one } else { zero })).collect()
}

fn ints_of(arg: &Arg) -> &Int32Array {
    arg.array.as_primitive::<Int32Type>()
}

fn ticks_of(arg: &Arg) -> &PrimitiveArray<Int64Type> {
    arg.array.as_primitive::<Int64Type>()
}

fn reals_of(arg: &Arg) -> &PrimitiveArray<Float64Type> {
    arg.array.as_primitive::<Float64Type>()
}

fn decimals_of(arg: &Arg) -> &PrimitiveArray<Decimal256Type> {
    arg.array.as_primitive::<Decimal256Type>()
}

/// Converts to long; ticks stay ticks.
pub fn longs(arg: &Arg) -> Operand<Int64Type> {
    let array = match arg.ktype {
        KqlType::Bool => of_bools(arg, 0, 1),
        KqlType::Int => ints_of(arg).unary(i64::from),
        KqlType::Long | KqlType::Datetime | KqlType::Timespan => ticks_of(arg).clone(),
        KqlType::Real => reals_of(arg).unary_opt(truncated),
        KqlType::Decimal => decimals_of(arg).unary_opt(number::decimal_to_long),
        KqlType::String => parsed(arg, number::parse_long),
        KqlType::Dynamic => parsed(arg, |json| match atom(json) {
            Atom::Bool(truth) => Some(i64::from(truth)),
            Atom::Long(long) => Some(long),
            Atom::Real(real) => truncated(real),
            Atom::Text(text) => number::parse_long(&text),
            Atom::Other => None,
        }),
        KqlType::Guid => PrimitiveArray::new_null(arg.array.len()),
    };
    Operand { array, constant: arg.constant }
}

/// Converts to int. Whole numbers wrap, reals stop at the ends, texts out of range have no value.
pub fn ints(arg: &Arg) -> Operand<Int32Type> {
    let narrow = |text: &str| number::parse_long(text).and_then(|long| i32::try_from(long).ok());
    let array = match arg.ktype {
        KqlType::Int => ints_of(arg).clone(),
        KqlType::Real => reals_of(arg).unary_opt(|real| real.is_finite().then_some(real as i32)),
        KqlType::String => parsed(arg, narrow),
        KqlType::Dynamic => parsed(arg, |json| match atom(json) {
            Atom::Bool(truth) => Some(i32::from(truth)),
            Atom::Long(long) => Some(long as i32),
            Atom::Real(real) => real.is_finite().then_some(real as i32),
            Atom::Text(text) => narrow(&text),
            Atom::Other => None,
        }),
        _ => longs(arg).array.unary(|long| long as i32),
    };
    Operand { array, constant: arg.constant }
}

/// Converts to real; ticks become their number.
pub fn reals(arg: &Arg) -> Operand<Float64Type> {
    let array = match arg.ktype {
        KqlType::Real => reals_of(arg).clone(),
        KqlType::Int => ints_of(arg).unary(f64::from),
        KqlType::Decimal => decimals_of(arg).unary(number::decimal_to_real),
        KqlType::String => parsed(arg, number::parse_real),
        KqlType::Dynamic => parsed(arg, |json| match atom(json) {
            Atom::Bool(truth) => Some(f64::from(u8::from(truth))),
            Atom::Long(long) => Some(long as f64),
            Atom::Real(real) => Some(real),
            Atom::Text(text) => number::parse_real(&text),
            Atom::Other => None,
        }),
        _ => longs(arg).array.unary(|long| long as f64),
    };
    Operand { array, constant: arg.constant }
}

/// Converts to decimal.
pub fn decimals(arg: &Arg) -> Operand<Decimal256Type> {
    let array = match arg.ktype {
        KqlType::Decimal => decimals_of(arg).clone(),
        KqlType::Real => with_scale(reals_of(arg).unary_opt(number::decimal_from_real)),
        KqlType::String => with_scale(parsed(arg, number::parse_decimal)),
        KqlType::Dynamic => with_scale(parsed(arg, |json| match atom(json) {
            Atom::Bool(truth) => Some(if truth { number::DECIMAL_ONE } else { i256::ZERO }),
            Atom::Long(_) | Atom::Real(_) => number::parse_decimal(json),
            Atom::Text(text) => number::parse_decimal(&text),
            Atom::Other => None,
        })),
        _ => with_scale(longs(arg).array.unary(number::decimal_from_long)),
    };
    Operand { array, constant: arg.constant }
}

/// Converts to bool: a number is true when it is not zero.
pub fn bools(arg: &Arg) -> Truth {
    let texts = |read: &dyn Fn(&str) -> Option<bool>| -> BooleanArray {
        arg.array.as_string_view().iter().map(|text| text.and_then(read)).collect()
    };
    let array = match arg.ktype {
        KqlType::Bool => arg.array.as_boolean().clone(),
        KqlType::Real => non_zero(reals_of(arg), |real| real != 0.0),
        KqlType::Decimal => non_zero(decimals_of(arg), |decimal| decimal != i256::ZERO),
        KqlType::String => texts(&bool_of),
        KqlType::Dynamic => texts(&|json| match atom(json) {
            Atom::Bool(truth) => Some(truth),
            Atom::Long(long) => Some(long != 0),
            Atom::Real(real) => Some(real != 0.0),
            Atom::Text(text) => bool_of(&text),
            Atom::Other => None,
        }),
        _ => non_zero(&longs(arg).array, |long| long != 0),
    };
    Truth { array, constant: arg.constant }
}

fn non_zero<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, test: impl Fn(T::Native) -> bool) -> BooleanArray {
    let values = array.values();
    BooleanArray::new(BooleanBuffer::collect_bool(array.len(), |row| test(values[row])), array.nulls().cloned())
}

/// Converts to datetime: a number is a count of ticks since 0001-01-01.
pub fn datetimes(arg: &Arg) -> Operand<Int64Type> {
    let array = match arg.ktype {
        KqlType::Datetime => ticks_of(arg).clone(),
        KqlType::String => parsed(arg, ticks::parse_datetime),
        KqlType::Dynamic => parsed(arg, |json| match atom(json) {
            Atom::Long(long) => ticks::in_range(long),
            Atom::Real(real) => truncated(real).and_then(ticks::in_range),
            Atom::Text(text) => ticks::parse_datetime(&text),
            Atom::Bool(_) | Atom::Other => None,
        }),
        KqlType::Bool => PrimitiveArray::new_null(arg.array.len()),
        _ => longs(arg).array.unary_opt(ticks::in_range),
    };
    Operand { array, constant: arg.constant }
}

/// Converts to timespan: a number is a count of ticks.
pub fn timespans(arg: &Arg) -> Operand<Int64Type> {
    let array = match arg.ktype {
        KqlType::String => parsed(arg, ticks::parse_timespan),
        KqlType::Dynamic => parsed(arg, |json| match atom(json) {
            Atom::Long(long) => Some(long),
            Atom::Real(real) => truncated(real),
            Atom::Text(text) => ticks::parse_timespan(&text),
            Atom::Bool(_) | Atom::Other => None,
        }),
        KqlType::Bool => PrimitiveArray::new_null(arg.array.len()),
        _ => longs(arg).array,
    };
    Operand { array, constant: arg.constant }
}

/// Converts to guid.
pub fn guids(arg: &Arg) -> StringViewArray {
    let texts = |read: &dyn Fn(&str) -> Option<String>| -> StringViewArray {
        arg.array.as_string_view().iter().map(|text| text.and_then(read)).collect()
    };
    match arg.ktype {
        KqlType::Guid => arg.array.as_string_view().clone(),
        KqlType::String => texts(&guid_of),
        KqlType::Dynamic => texts(&|json| match atom(json) {
            Atom::Text(text) => guid_of(&text),
            _ => None,
        }),
        _ => StringViewArray::new_null(arg.array.len()),
    }
}

/// Converts to string: `True` and `False`, `1.0`, ISO 8601; empty for null.
pub fn strings(arg: &Arg) -> StringViewArray {
    match arg.ktype {
        KqlType::Bool => written(arg.array.as_boolean().iter(), |out, truth| {
            out.push_str(if truth { "True" } else { "False" });
        }),
        KqlType::Int => written(ints_of(arg).iter(), write_display),
        KqlType::Long => written(ticks_of(arg).iter(), write_display),
        KqlType::Real => written(reals_of(arg).iter(), number::write_real),
        KqlType::Decimal => written(decimals_of(arg).iter(), |out, decimal| {
            out.push_str(&number::decimal_text(decimal));
        }),
        KqlType::Datetime => written(ticks_of(arg).iter(), ticks::write_datetime),
        KqlType::Timespan => written(ticks_of(arg).iter(), |out, span| out.push_str(&ticks::timespan_text(span))),
        KqlType::String => arg.array.as_string_view().clone(),
        KqlType::Guid => written(arg.array.as_string_view().iter(), |out, text| out.push_str(text)),
        KqlType::Dynamic => written(arg.array.as_string_view().iter(), |out, json| out.push_str(&raw::text(json))),
    }
}

fn write_display(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a string does not fail.
    let _ = write!(out, "{value}");
}

/// Builds a string column from values; null becomes empty.
fn written<V>(values: impl Iterator<Item = Option<V>>, write: impl Fn(&mut String, V)) -> StringViewArray {
    let mut builder = StringViewBuilder::with_capacity(values.size_hint().0);
    let mut text = String::new();
    for value in values {
        text.clear();
        if let Some(value) = value {
            write(&mut text, value);
        }
        builder.append_value(&text);
    }
    builder.finish()
}

/// Converts to dynamic: the JSON text of the value; a string becomes a JSON string, it is not parsed.
pub fn dynamics(arg: &Arg) -> StringViewArray {
    if arg.ktype == KqlType::Dynamic {
        return arg.array.as_string_view().clone();
    }
    let mut builder = StringViewBuilder::with_capacity(arg.array.len());
    let mut text = String::new();
    for row in 0..arg.array.len() {
        if arg.array.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        match arg.ktype {
            KqlType::String | KqlType::Guid => write_json_string(&mut text, arg.array.as_string_view().value(row)),
            KqlType::Long => write_display(&mut text, ticks_of(arg).value(row)),
            _ => arg.value(row).to_dynamic().write_json(&mut text),
        }
        builder.append_value(&text);
    }
    builder.finish()
}

/// Converts an argument to a type. The result has as many values as the argument.
pub fn convert(arg: &Arg, ktype: KqlType) -> ArrayRef {
    if arg.ktype == ktype {
        return arg.array.clone();
    }
    match ktype {
        KqlType::Bool => Arc::new(bools(arg).array),
        KqlType::Int => Arc::new(ints(arg).array),
        KqlType::Long => Arc::new(longs(arg).array),
        KqlType::Real => Arc::new(reals(arg).array),
        KqlType::Decimal => Arc::new(decimals(arg).array),
        KqlType::String => Arc::new(strings(arg)),
        KqlType::Datetime => Arc::new(datetimes(arg).array),
        KqlType::Timespan => Arc::new(timespans(arg).array),
        KqlType::Guid => Arc::new(guids(arg)),
        KqlType::Dynamic => Arc::new(dynamics(arg)),
    }
}

/// Converts an argument to a type, as an argument.
pub fn converted(arg: &Arg, ktype: KqlType) -> Arg {
    Arg { array: convert(arg, ktype), ktype, constant: arg.constant }
}
