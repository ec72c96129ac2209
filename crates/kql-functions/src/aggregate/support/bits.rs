//! Bitwise `and`, `or` and `xor` over a group.

use super::constants::first_type;
use super::per_group::{Fold, PerGroup, each};
use crate::args::EvalError;
use crate::cells::primitive;
use crate::registry::{Accumulator, AggregateCall};
use arrow::array::{ArrayRef, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use schema::KqlType;
use std::sync::Arc;

/// Makes an accumulator that joins all values by a bitwise operation; null for no values.
///
/// # Errors
/// For real and decimal, which have no bits to speak of.
pub fn make(call: &AggregateCall, join: fn(i64, i64) -> i64) -> Result<Box<dyn Accumulator>, EvalError> {
    let ktype = first_type(call);
    if matches!(ktype, KqlType::Real | KqlType::Decimal) {
        return Err(EvalError::new(format!(
            "bitwise aggregations need whole numbers, not {ktype}; convert the value first"
        )));
    }
    Ok(PerGroup::boxed(Bits { join, of_int: ktype == KqlType::Int }))
}

/// Returns the type of the partial results.
pub fn state_types(call: &AggregateCall) -> Vec<DataType> {
    vec![first_type(call).arrow()]
}

struct Bits {
    join: fn(i64, i64) -> i64,
    of_int: bool,
}

impl Fold for Bits {
    type State = Option<i64>;

    fn empty(&self) -> Option<i64> {
        None
    }

    fn update(&mut self, states: &mut [Option<i64>], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let mut fold = |group: usize, value: i64| {
            let state = &mut states[group];
            *state = Some(state.map_or(value, |old| (self.join)(old, value)));
        };
        if self.of_int {
            each(primitive::<Int32Type>(&args[0], KqlType::Int)?, groups, |group, value| fold(group, i64::from(value)));
        } else {
            each(primitive::<Int64Type>(&args[0], KqlType::Long)?, groups, fold);
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Option<i64>], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<Option<i64>>) -> Result<Vec<ArrayRef>, EvalError> {
        if self.of_int {
            // The operations keep a sign-extended int within an int.
            return Ok(vec![Arc::new(
                states.into_iter().map(|state| state.map(|bits| bits as i32)).collect::<Int32Array>(),
            )]);
        }
        Ok(vec![Arc::new(Int64Array::from(states))])
    }

    fn finish(&mut self, states: Vec<Option<i64>>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}
