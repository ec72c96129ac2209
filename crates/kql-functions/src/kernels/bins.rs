//! Rounding down to multiples: `bin()`, `floor()`, `bin_at()`.
//!
//! Datetimes are ticks since 0001-01-01, so bins of whole days begin at midnight and bins of seven days on Mondays.
//!
//! # Source
//! Kusto reference, "bin()": a null value, a null bin size and one that is not positive give null.

use super::{Operand, binary_opt, convert, with_scale};
use crate::args::{Arg, EvalError};
use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{Decimal256Type, Float64Type, Int64Type};
use schema::{KqlType, number, ticks};
use std::sync::Arc;

/// Returns the type of `bin(value, size)`.
pub fn returns(types: &[KqlType]) -> KqlType {
    let numeric = |ktype: &KqlType| ktype.is_numeric();
    match types {
        [value, ..] if !value.is_numeric() => *value,
        _ if types.contains(&KqlType::Decimal) => KqlType::Decimal,
        _ if types.contains(&KqlType::Real) => KqlType::Real,
        _ if types.iter().all(numeric) => KqlType::Long,
        _ => KqlType::Dynamic,
    }
}

/// Rounds down to multiples of `size`.
pub fn bin(value: &Arg, size: &Arg) -> ArrayRef {
    match returns(&[value.ktype, size.ktype]) {
        KqlType::Real => {
            let column: Float64Array = binary_opt(&convert::reals(value), &convert::reals(size), bin_real);
            Arc::new(column)
        }
        KqlType::Decimal => {
            let column: PrimitiveArray<Decimal256Type> =
                binary_opt(&convert::decimals(value), &convert::decimals(size), number::decimal_bin);
            Arc::new(with_scale(column))
        }
        _ => Arc::new(bin_longs(&convert::longs(value), &convert::longs(size))),
    }
}

fn bin_real(value: f64, size: f64) -> Option<f64> {
    (size > 0.0).then(|| (value / size).floor() * size)
}

fn bin_long(value: i64, size: i64) -> Option<i64> {
    (size > 0).then(|| value.wrapping_sub(value.rem_euclid(size)))
}

fn bin_longs(value: &Operand<Int64Type>, size: &Operand<Int64Type>) -> Int64Array {
    match (size.constant, size.get(0)) {
        (true, Some(size)) if size > 0 => bins(&value.array, size),
        _ => binary_opt(value, size, bin_long),
    }
}

/// Rounds down to multiples of one size. Neighbouring rows of a log mostly share a bin, so the last one is tried before
/// a division is paid for.
fn bins(values: &Int64Array, size: i64) -> Int64Array {
    let mut start = 0i64;
    let binned = values.values().iter().map(|value| {
        // Where the bin ends above the largest long the comparison wraps and the division decides.
        if !(start..start.wrapping_add(size)).contains(value) {
            start = value.wrapping_sub(value.rem_euclid(size));
        }
        start
    });
    Int64Array::new(binned.collect(), values.nulls().cloned())
}

/// Rounds down to `fixed` plus multiples of `size`.
pub fn bin_at(value: &Arg, size: &Arg, fixed: &Arg) -> Result<ArrayRef, EvalError> {
    let rows = [value, size, fixed].into_iter().find(|arg| !arg.constant).map_or(1, |arg| arg.array.len());
    let kind = if value.ktype.is_numeric() { returns(&[value.ktype, size.ktype, fixed.ktype]) } else { value.ktype };
    Ok(match kind {
        KqlType::Real => {
            let (value, size, fixed) = (convert::reals(value), convert::reals(size), convert::reals(fixed));
            let column = |row: usize| -> Option<f64> {
                let fixed = fixed.get(row)?;
                Some(bin_real(value.get(row)? - fixed, size.get(row)?)? + fixed)
            };
            Arc::new((0..rows).map(column).collect::<PrimitiveArray<Float64Type>>())
        }
        KqlType::Decimal => {
            let (value, size, fixed) = (convert::decimals(value), convert::decimals(size), convert::decimals(fixed));
            let column = |row: usize| {
                let fixed = fixed.get(row)?;
                let distance = number::decimal_sub(value.get(row)?, fixed)?;
                number::decimal_add(number::decimal_bin(distance, size.get(row)?)?, fixed)
            };
            Arc::new(with_scale((0..rows).map(column).collect()))
        }
        _ => {
            let (value, size, fixed) = (convert::longs(value), convert::longs(size), convert::longs(fixed));
            let column = |row: usize| -> Option<i64> {
                let fixed = fixed.get(row)?;
                let start = bin_long(value.get(row)?.checked_sub(fixed)?, size.get(row)?)?.checked_add(fixed)?;
                if kind == KqlType::Datetime { ticks::in_range(start) } else { Some(start) }
            };
            Arc::new((0..rows).map(column).collect::<PrimitiveArray<Int64Type>>())
        }
    })
}
