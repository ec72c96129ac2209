//! An accumulator made of one small state per group.
//!
//! A function implements [`Fold`] over slices of states, an array at a time; [`PerGroup`] keeps the states in one vector
//! indexed by group, and takes groups out.

use crate::args::EvalError;
use crate::registry::Accumulator;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};

/// How one aggregation folds rows into a state per group.
pub trait Fold: Send {
    type State: Clone + Send;

    /// Returns the state of a group that no row has come to.
    fn empty(&self) -> Self::State;
    /// Folds rows: row `i` goes to `states[groups[i]]`.
    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError>;
    /// Folds partial results.
    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError>;
    /// Turns states into partial results.
    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError>;
    /// Turns states into results.
    fn finish(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError>;
    /// Returns the bytes that the states hold beside themselves. Asked once per batch, so it must be cheap.
    fn heap(&self) -> usize {
        0
    }
}

/// The states of all groups.
pub struct PerGroup<F: Fold> {
    fold: F,
    states: Vec<F::State>,
}

impl<F: Fold + 'static> PerGroup<F> {
    /// Makes an accumulator without groups.
    pub fn boxed(fold: F) -> Box<dyn Accumulator> {
        Box::new(PerGroup { fold, states: Vec::new() })
    }

    fn grow(&mut self, n_groups: usize) {
        if n_groups > self.states.len() {
            let empty = self.fold.empty();
            self.states.resize(n_groups, empty);
        }
    }
}

impl<F: Fold + 'static> Accumulator for PerGroup<F> {
    fn update(&mut self, args: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.grow(n_groups);
        self.fold.update(&mut self.states, args, groups)
    }

    fn merge(&mut self, state: &[ArrayRef], groups: &[usize], n_groups: usize) -> Result<(), EvalError> {
        self.grow(n_groups);
        self.fold.merge(&mut self.states, state, groups)
    }

    fn state(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let states = take_first(&mut self.states, n);
        self.fold.partial(states)
    }

    fn evaluate(&mut self, n: Option<usize>) -> Result<Vec<ArrayRef>, EvalError> {
        let states = take_first(&mut self.states, n);
        self.fold.finish(states)
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<F::State>() + self.fold.heap()
    }
}

/// Takes the first `n` elements out of a vector, all when `None`.
pub fn take_first<T>(all: &mut Vec<T>, n: Option<usize>) -> Vec<T> {
    match n {
        Some(n) if n < all.len() => {
            let rest = all.split_off(n);
            std::mem::replace(all, rest)
        }
        _ => std::mem::take(all),
    }
}

/// Calls `fold` with the group and value of each row that is not null.
pub fn each<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    groups: &[usize],
    mut fold: impl FnMut(usize, T::Native),
) {
    if array.null_count() == 0 {
        for (group, value) in groups.iter().zip(array.values()) {
            fold(*group, *value);
        }
    } else {
        for (group, value) in groups.iter().zip(array) {
            if let Some(value) = value {
                fold(*group, value);
            }
        }
    }
}
