//! What the window functions share.

use crate::args::{Arg, Args, EvalError, array_of};
use arrow::array::ArrayRef;
use arrow::compute::interleave;
use arrow::compute::kernels::cmp::distinct;
use schema::{KqlType, Value, number};

/// Returns, per row, whether the counting starts anew there by argument `i`, which may have been left out.
pub fn restarts<'a>(args: &Args<'a>, i: usize) -> impl Fn(usize) -> bool + 'a {
    let restart = args.opt(i).map(|arg| arg.bools());
    move |row| restart.as_ref().and_then(|bools| bools.get(row)).unwrap_or(false)
}

/// Returns, per row, whether an argument's value differs from the row before; null equals null. The first row differs.
///
/// # Errors
/// When the values cannot be compared.
pub fn changes(arg: &Arg, rows: usize) -> Result<Vec<bool>, EvalError> {
    let mut changes = vec![false; rows];
    if let Some(first) = changes.first_mut() {
        *first = true;
    }
    if arg.constant || rows < 2 {
        return Ok(changes);
    }
    let (before, after) = (arg.array.slice(0, rows - 1), arg.array.slice(1, rows - 1));
    let differs = distinct(&before, &after).map_err(|error| EvalError::new(error.to_string()))?;
    changes.iter_mut().skip(1).enumerate().for_each(|(i, change)| *change = differs.value(i));
    Ok(changes)
}

/// Returns the value that stands `offset` rows before each row (after it when `direction` is 1), or the default.
pub fn shifted(args: &Args, direction: i64) -> Result<ArrayRef, EvalError> {
    let Some(column) = args.opt(0) else { return Err(EvalError::new("a column is needed")) };
    let offsets = args.opt(1).map(|arg| arg.longs());
    let default = args.opt(2).map_or(Value::null(column.ktype), |arg| coerced(arg.value(0), column.ktype));
    let default = array_of(column.ktype, std::iter::once(default));
    let mut places = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let offset = offsets.as_ref().map_or(Some(1), |offsets| offsets.get(row));
        let place = offset.and_then(|offset| i64::try_from(row).ok()?.checked_add(direction.checked_mul(offset)?));
        places.push(match place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < args.rows) {
            Some(place) => (0, if column.constant { 0 } else { place }),
            None => (1, 0),
        });
    }
    interleave(&[column.array.as_ref(), default.as_ref()], &places).map_err(|error| EvalError::new(error.to_string()))
}

/// Returns a default value as one of the column's type; null when it cannot be.
fn coerced(value: Value, ktype: KqlType) -> Value {
    match (value, ktype) {
        (Value::Int(value), KqlType::Long) => Value::Long(i64::from(value)),
        (Value::Long(value), KqlType::Int) => i32::try_from(value).map_or(Value::Null(ktype), Value::Int),
        (Value::Int(value), KqlType::Real) => Value::Real(f64::from(value)),
        (Value::Long(value), KqlType::Real) => Value::Real(value as f64),
        (value @ (Value::Int(_) | Value::Long(_) | Value::Real(_)), KqlType::Decimal) => {
            number::parse_decimal(&value.to_text()).map_or(Value::Null(ktype), Value::Decimal)
        }
        (value, KqlType::Dynamic) => Value::Dynamic(value.to_dynamic()),
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{CallContext, value_at};
    use crate::registry::{Body, ScalarFunction};

    fn run(function: &ScalarFunction, args: &[Arg], rows: usize) -> Vec<Value> {
        let Body::Window(body) = function.body else { panic!("{} is no window function", function.name) };
        let ctx = CallContext::default();
        let found =
            body(&Args { args, rows, returns: KqlType::Long, ctx: &ctx }).unwrap_or_else(|error| panic!("{error}"));
        (0..rows).map(|row| value_at(&found, KqlType::Long, row)).collect()
    }

    fn column(ktype: KqlType, values: Vec<Value>) -> Arg {
        Arg { array: array_of(ktype, values.into_iter()), ktype, constant: false }
    }

    #[test]
    fn ranks_and_numbers_of_the_reference() {
        let departures = column(KqlType::Long, [2, 3, 3, 3, 100, 1, 1].map(Value::Long).to_vec());
        // The airport changes at the sixth row.
        let restart = column(KqlType::Bool, [true, false, false, false, false, true, false].map(Value::Bool).to_vec());
        let start = column(KqlType::Long, vec![Value::Long(1); 7]);
        let cases: [(&ScalarFunction, Arg, [i64; 7]); 3] = [
            (&super::super::row_rank_dense::FUNCTION, departures.clone(), [1, 2, 2, 2, 3, 1, 1]),
            (&super::super::row_rank_min::FUNCTION, departures, [1, 2, 2, 2, 5, 1, 1]),
            (&super::super::row_number::FUNCTION, start, [1, 2, 3, 4, 5, 1, 2]),
        ];
        for (function, first, expected) in cases {
            assert_eq!(run(function, &[first, restart.clone()], 7), expected.map(Value::Long), "{}", function.name);
        }
    }

    #[test]
    fn null_is_a_term_like_any_other() {
        let null = Value::Null(KqlType::Long);
        let terms = column(KqlType::Long, vec![null.clone(), null.clone(), Value::Long(0), null]);
        assert_eq!(run(&super::super::row_rank_dense::FUNCTION, &[terms], 4), [1, 1, 2, 3].map(Value::Long));
        assert_eq!(run(&super::super::row_number::FUNCTION, &[], 0), []);
    }
}
