//! The number of rows.

use super::per_group::{Fold, PerGroup, each};
use crate::args::EvalError;
use crate::cells::primitive;
use crate::registry::{Accumulate, AggregateCall};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use schema::KqlType;
use std::sync::Arc;

/// Accumulators of `count`.
pub const COUNT: Accumulate = Accumulate {
    make: |_: &AggregateCall| Ok(PerGroup::boxed(Count)),
    state_types: |_: &AggregateCall| vec![DataType::Int64],
};

struct Count;

impl Fold for Count {
    type State = i64;

    fn empty(&self) -> i64 {
        0
    }

    fn update(&mut self, states: &mut [i64], _: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        groups.iter().for_each(|group| states[*group] += 1);
        Ok(())
    }

    fn merge(&mut self, states: &mut [i64], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        each(primitive::<Int64Type>(&partial[0], KqlType::Long)?, groups, |group, count| states[group] += count);
        Ok(())
    }

    fn partial(&mut self, states: Vec<i64>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![Arc::new(Int64Array::from(states))])
    }

    fn finish(&mut self, states: Vec<i64>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}
