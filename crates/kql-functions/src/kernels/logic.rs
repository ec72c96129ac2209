//! `and`, `or` and `not` over whole columns, in three-valued logic.

use super::arrow_error;
use super::convert::Truth;
use crate::args::EvalError;
use arrow::array::{Array, BooleanArray};
use arrow::compute::kernels::boolean;
use arrow::error::ArrowError;

/// Returns whether both are true: false beats null.
pub fn and(left: &Truth, right: &Truth) -> Result<Truth, EvalError> {
    combine(left, right, boolean::and_kleene)
}

/// Returns whether one is true: true beats null.
pub fn or(left: &Truth, right: &Truth) -> Result<Truth, EvalError> {
    combine(left, right, boolean::or_kleene)
}

/// Returns the other truth value.
pub fn not(truth: &Truth) -> Result<Truth, EvalError> {
    Ok(Truth { array: boolean::not(&truth.array).map_err(arrow_error)?, constant: truth.constant })
}

fn combine(
    left: &Truth,
    right: &Truth,
    op: fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>,
) -> Result<Truth, EvalError> {
    let rows = if left.constant { right.array.len() } else { left.array.len() };
    let array = op(&repeated(left, rows), &repeated(right, rows)).map_err(arrow_error)?;
    Ok(Truth { array, constant: left.constant && right.constant })
}

fn repeated(truth: &Truth, rows: usize) -> BooleanArray {
    if truth.array.len() == rows {
        return truth.array.clone();
    }
    if truth.array.is_empty() || truth.array.is_null(0) {
        return BooleanArray::new_null(rows);
    }
    BooleanArray::from(vec![truth.array.value(0); rows])
}
