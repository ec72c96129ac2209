//! Calculations over whole columns, shared by the functions under `scalar/`.
//!
//! An argument is one value per row or one value for all rows. A kernel keeps that: it works on one value where all its
//! arguments are constants and on every row otherwise, and [`spread`] gives the column its length at the end.

pub mod arithmetic;
pub mod bins;
pub mod calendar;
pub mod choose;
pub mod compare;
pub mod convert;
pub mod logic;
pub mod patterns;
pub mod special;
pub mod units;
pub mod zones;

use crate::args::{Arg, Args, EvalError};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, Datum, Decimal256Array, Float64Array, Int64Array,
    PrimitiveArray, Scalar, UInt32Array,
};
use arrow::datatypes::{DataType, Decimal256Type};
use schema::ticks::{UNIX_EPOCH, in_range};
use schema::{DECIMAL_PRECISION, DECIMAL_SCALE};
use std::sync::Arc;

/// A primitive column, or one value for all rows.
#[derive(Debug, Clone)]
pub struct Operand<T: ArrowPrimitiveType> {
    pub array: PrimitiveArray<T>,
    pub constant: bool,
}

impl<T: ArrowPrimitiveType> Operand<T> {
    /// Returns the value in a row, or `None` when null.
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }

    /// Returns the value of a constant: outside `None` when there is a value per row, inside when it is null.
    fn scalar(&self) -> Option<Option<T::Native>> {
        self.constant.then(|| self.get(0))
    }

    /// Applies `op` to every value.
    pub fn map<O: ArrowPrimitiveType>(&self, op: impl Fn(T::Native) -> O::Native) -> PrimitiveArray<O> {
        self.array.unary(op)
    }

    /// Applies `op` to every value; `None` becomes null.
    pub fn map_opt<O: ArrowPrimitiveType>(&self, op: impl Fn(T::Native) -> Option<O::Native>) -> PrimitiveArray<O> {
        self.array.unary_opt(op)
    }
}

/// Applies `op` row by row; null where either side is null.
pub fn binary<L, R, O>(
    left: &Operand<L>,
    right: &Operand<R>,
    op: impl Fn(L::Native, R::Native) -> O::Native,
) -> Result<PrimitiveArray<O>, EvalError>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    Ok(match (left.scalar(), right.scalar()) {
        (Some(None), Some(_)) | (Some(_), Some(None)) => PrimitiveArray::new_null(1),
        (Some(None), None) => PrimitiveArray::new_null(right.array.len()),
        (None, Some(None)) => PrimitiveArray::new_null(left.array.len()),
        (Some(Some(l)), _) => right.array.unary(|r| op(l, r)),
        (_, Some(Some(r))) => left.array.unary(|l| op(l, r)),
        (None, None) => arrow::compute::binary(&left.array, &right.array, op).map_err(arrow_error)?,
    })
}

/// Applies `op` row by row; null where either side is null or `op` gives `None`.
pub fn binary_opt<L, R, O>(
    left: &Operand<L>,
    right: &Operand<R>,
    op: impl Fn(L::Native, R::Native) -> Option<O::Native>,
) -> PrimitiveArray<O>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    match (left.scalar(), right.scalar()) {
        (Some(None), Some(_)) | (Some(_), Some(None)) => PrimitiveArray::new_null(1),
        (Some(None), None) => PrimitiveArray::new_null(right.array.len()),
        (None, Some(None)) => PrimitiveArray::new_null(left.array.len()),
        (Some(Some(l)), _) => right.array.unary_opt(|r| op(l, r)),
        (_, Some(Some(r))) => left.array.unary_opt(|l| op(l, r)),
        (None, None) => {
            left.array.iter().zip(&right.array).map(|(l, r)| l.zip(r).and_then(|(l, r)| op(l, r))).collect()
        }
    }
}

/// Gives a column the call's length: a single value is repeated.
pub fn spread(array: ArrayRef, rows: usize) -> Result<ArrayRef, EvalError> {
    if array.len() == rows {
        return Ok(array);
    }
    arrow::compute::take(&array, &UInt32Array::from_value(0, rows), None).map_err(arrow_error)
}

/// Gives a column of decimals its scale and the call's length.
pub fn spread_decimals(array: PrimitiveArray<Decimal256Type>, rows: usize) -> Result<ArrayRef, EvalError> {
    spread(Arc::new(with_scale(array)), rows)
}

/// Gives a column of decimals the precision and scale that every decimal column has.
pub fn with_scale(array: Decimal256Array) -> Decimal256Array {
    array.with_data_type(DataType::Decimal256(DECIMAL_PRECISION, DECIMAL_SCALE))
}

/// Evaluates a function of one real.
pub fn real_function(args: &Args, op: impl Fn(f64) -> f64) -> Result<ArrayRef, EvalError> {
    let column: Float64Array = convert::reals(&args.args[0]).map(op);
    spread(Arc::new(column), args.rows)
}

/// Evaluates a function of one real that has no value for some.
pub fn real_function_opt(args: &Args, op: impl Fn(f64) -> Option<f64>) -> Result<ArrayRef, EvalError> {
    let column: Float64Array = convert::reals(&args.args[0]).map_opt(op);
    spread(Arc::new(column), args.rows)
}

/// Evaluates a test of one real; null for null.
pub fn real_test(args: &Args, test: impl Fn(f64) -> bool) -> Result<ArrayRef, EvalError> {
    let column = convert::reals(&args.args[0]).array;
    let truth = arrow::buffer::BooleanBuffer::collect_bool(column.len(), |row| test(column.value(row)));
    spread(Arc::new(BooleanArray::new(truth, column.nulls().cloned())), args.rows)
}

/// Evaluates a function of a count of units since 1970, each of `ticks / parts` ticks.
pub fn unix_time(args: &Args, ticks: i64, parts: i64) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    let instant = |count: i64| {
        let since = i128::from(count) * i128::from(ticks);
        let instant = since.div_euclid(i128::from(parts)) + i128::from(UNIX_EPOCH);
        i64::try_from(instant).ok().and_then(in_range)
    };
    let column: Int64Array = if arg.ktype.is_integer() {
        convert::longs(arg).map_opt(instant)
    } else {
        // The whole units keep their precision apart from the fraction.
        convert::reals(arg).map_opt(|count| {
            let fraction = (count.fract() * ticks as f64 / parts as f64).round() as i64;
            let whole = (count.abs() < i64::MAX as f64).then_some(count.trunc() as i64)?;
            in_range(instant(whole)? + fraction)
        })
    };
    spread(Arc::new(column), args.rows)
}

/// Returns a column, or one value for all rows, as Arrow's kernels take it.
pub fn datum(array: ArrayRef, constant: bool) -> Box<dyn Datum> {
    if constant { Box::new(Scalar::new(array)) } else { Box::new(array) }
}

/// Returns one argument's array at the call's length.
pub fn whole(arg: &Arg, rows: usize) -> Result<ArrayRef, EvalError> {
    spread(arg.array.clone(), rows)
}

/// Says what an Arrow kernel refused; with arguments as the binder types them none does.
pub fn arrow_error(error: arrow::error::ArrowError) -> EvalError {
    EvalError::new(format!("cannot evaluate: {error}"))
}
