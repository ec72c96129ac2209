//! Choosing between columns by row: `iff()`, `case()`, `coalesce()`, `max_of()`, `min_of()`.

use super::convert::{Truth, converted};
use super::{Operand, arrow_error, datum, spread, with_scale};
use crate::args::{Arg, Args, EvalError};
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringViewArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Decimal256Type, Float64Type, Int32Type, Int64Type, i256};
use schema::KqlType;
use std::cmp::Ordering;
use std::sync::Arc;

/// Takes `then` where the condition is true and `otherwise` where it is false or null. Both are of one type.
///
/// # Errors
/// None with arguments of one type and length.
pub fn select(condition: &Truth, then: &Arg, otherwise: &Arg) -> Result<Arg, EvalError> {
    let mask = truth_bits(&condition.array);
    if condition.constant {
        return Ok(if mask.value(0) { then.clone() } else { otherwise.clone() });
    }
    let array: ArrayRef = match then.array.data_type() {
        DataType::Int32 => Arc::new(select_values::<Int32Type>(&mask, then, otherwise)),
        DataType::Int64 => Arc::new(select_values::<Int64Type>(&mask, then, otherwise)),
        DataType::Float64 => Arc::new(select_values::<Float64Type>(&mask, then, otherwise)),
        DataType::Decimal256(..) => Arc::new(with_scale(select_values::<Decimal256Type>(&mask, then, otherwise))),
        _ => {
            let then_value = datum(then.array.clone(), then.constant);
            let other_value = datum(otherwise.array.clone(), otherwise.constant);
            arrow::compute::kernels::zip::zip(&BooleanArray::new(mask, None), then_value.as_ref(), other_value.as_ref())
                .map_err(arrow_error)?
        }
    };
    Ok(Arg { array, ktype: then.ktype, constant: false })
}

/// Returns the bits of a condition, unset where it is null.
fn truth_bits(condition: &BooleanArray) -> BooleanBuffer {
    match condition.nulls() {
        Some(nulls) => condition.values() & nulls.inner(),
        None => condition.values().clone(),
    }
}

fn operand<T: ArrowPrimitiveType>(arg: &Arg) -> Operand<T> {
    Operand { array: arg.array.as_primitive::<T>().clone(), constant: arg.constant }
}

fn select_values<T: ArrowPrimitiveType>(mask: &BooleanBuffer, then: &Arg, otherwise: &Arg) -> PrimitiveArray<T> {
    let (then, otherwise) = (operand::<T>(then), operand::<T>(otherwise));
    let at = |operand: &Operand<T>, row: usize| {
        let values = operand.array.values();
        values.get(if operand.constant { 0 } else { row }).copied().unwrap_or_default()
    };
    let values = mask.iter().enumerate().map(|(row, truth)| if truth { at(&then, row) } else { at(&otherwise, row) });
    let present = |operand: &Operand<T>| match operand.array.nulls() {
        Some(nulls) if operand.constant && nulls.null_count() > 0 => BooleanBuffer::new_unset(mask.len()),
        Some(nulls) if !operand.constant => nulls.inner().clone(),
        _ => BooleanBuffer::new_set(mask.len()),
    };
    let has_nulls = then.array.null_count() + otherwise.array.null_count() > 0;
    let nulls = has_nulls.then(|| NullBuffer::new(&(mask & &present(&then)) | &(&!mask & &present(&otherwise))));
    PrimitiveArray::new(values.collect(), nulls)
}

/// Returns the first argument that is not null, or not empty where they are strings.
///
/// # Errors
/// None with arguments of one type and length.
pub fn first_present(args: &Args) -> Result<ArrayRef, EvalError> {
    let Some((last, others)) = args.args.split_last() else {
        return Err(EvalError::new("a value is needed"));
    };
    let mut chosen = converted(last, args.returns);
    for arg in others.iter().rev() {
        let arg = converted(arg, args.returns);
        let present = match args.returns {
            KqlType::String => {
                // The low half of a view is the text's length.
                let views = arg.array.as_string_view().views();
                BooleanBuffer::collect_bool(views.len(), |row| views[row] as u32 != 0)
            }
            _ => match arg.array.nulls() {
                None => {
                    chosen = arg;
                    continue;
                }
                Some(nulls) => nulls.inner().clone(),
            },
        };
        let condition = Truth { array: BooleanArray::new(present, None), constant: arg.constant };
        chosen = select(&condition, &arg, &chosen)?;
    }
    spread(chosen.array, args.rows)
}

/// Which of several values to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    Least,
    Greatest,
}

impl Extreme {
    /// Returns whether the left value is the one to take.
    fn prefers_left(self, order: Ordering) -> bool {
        match self {
            Extreme::Least => order != Ordering::Greater,
            Extreme::Greatest => order != Ordering::Less,
        }
    }
}

/// Returns the least or greatest argument of each row; nulls are passed over, NaN is taken before every number.
///
/// # Errors
/// The arguments are of a type without order.
pub fn extreme(which: Extreme, args: &Args) -> Result<ArrayRef, EvalError> {
    let mut values = args.args.iter().map(|arg| converted(arg, args.returns));
    let Some(mut chosen) = values.next() else {
        return Err(EvalError::new("a value is needed"));
    };
    for arg in values {
        chosen = pair(which, &chosen, &arg)?;
    }
    spread(chosen.array, args.rows)
}

fn pair(which: Extreme, left: &Arg, right: &Arg) -> Result<Arg, EvalError> {
    let by_order = |order: Ordering| which.prefers_left(order);
    let array: ArrayRef = match left.array.data_type() {
        DataType::Int32 => Arc::new(pair_values::<Int32Type>(left, right, |l, r| by_order(l.cmp(&r)))),
        DataType::Int64 => Arc::new(pair_values::<Int64Type>(left, right, |l, r| by_order(l.cmp(&r)))),
        DataType::Decimal256(..) => {
            Arc::new(with_scale(pair_values::<Decimal256Type>(left, right, |l: i256, r| by_order(l.cmp(&r)))))
        }
        DataType::Float64 => Arc::new(pair_values::<Float64Type>(left, right, |l, r| {
            l.is_nan() || l.partial_cmp(&r).is_some_and(by_order)
        })),
        DataType::Boolean => {
            let (l, r) = (left.bools(), right.bools());
            let column: BooleanArray = (0..row_count(left, right))
                .map(|row| match (l.get(row), r.get(row)) {
                    (Some(l), Some(r)) => Some(if by_order(l.cmp(&r)) { l } else { r }),
                    (l, r) => l.or(r),
                })
                .collect();
            Arc::new(column)
        }
        _ => {
            let (l, r) = (left.strs(), right.strs());
            let column: StringViewArray = (0..row_count(left, right))
                .map(|row| match (l.opt(row), r.opt(row)) {
                    (Some(l), Some(r)) => Some(if by_order(l.cmp(r)) { l } else { r }),
                    (l, r) => l.or(r),
                })
                .collect();
            Arc::new(column)
        }
    };
    Ok(Arg { array, ktype: left.ktype, constant: left.constant && right.constant })
}

fn row_count(left: &Arg, right: &Arg) -> usize {
    if left.constant { right.array.len() } else { left.array.len() }
}

fn pair_values<T: ArrowPrimitiveType>(
    left: &Arg,
    right: &Arg,
    prefers_left: impl Fn(T::Native, T::Native) -> bool,
) -> PrimitiveArray<T> {
    let (l, r) = (operand::<T>(left), operand::<T>(right));
    (0..row_count(left, right))
        .map(|row| match (l.get(row), r.get(row)) {
            (Some(l), Some(r)) => Some(if prefers_left(l, r) { l } else { r }),
            (l, r) => l.or(r),
        })
        .collect()
}
