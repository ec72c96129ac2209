//! The smallest and the largest value.

use super::constants::first_type;
use super::per_group::{Fold, PerGroup, each};
use super::sums::decimals;
use crate::args::EvalError;
use crate::cells::{primitive, text};
use crate::registry::{Accumulate, Accumulator, AggregateCall};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, StringViewBuilder};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal256Type, Float64Type, Int32Type, Int64Type};
use schema::KqlType;
use std::marker::PhantomData;
use std::sync::Arc;

/// Accumulators of `min`.
pub const MIN: Accumulate = Accumulate { make: |call| make(call, Side::Min), state_types };
/// Accumulators of `max`.
pub const MAX: Accumulate = Accumulate { make: |call| make(call, Side::Max), state_types };

/// Which end of the order is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Min,
    Max,
}

impl Side {
    /// Returns whether `new` takes the place of `old`: strictly, so that the first of equal values stays. A value that
    /// does not compare with itself (NaN) gives way to every other and takes the place of none.
    pub fn takes<T: PartialOrd + ?Sized>(self, new: &T, old: &T) -> bool {
        match (self, new.partial_cmp(old)) {
            (Side::Max, Some(order)) => order.is_gt(),
            (Side::Min, Some(order)) => order.is_lt(),
            (_, None) => new.partial_cmp(new).is_some() && old.partial_cmp(old).is_none(),
        }
    }
}

fn make(call: &AggregateCall, side: Side) -> Result<Box<dyn Accumulator>, EvalError> {
    Ok(match first_type(call) {
        KqlType::Bool => PerGroup::boxed(ExtremeBool(side)),
        KqlType::Int => PerGroup::boxed(Extreme::<Int32Type>::new(side)),
        KqlType::Long | KqlType::Datetime | KqlType::Timespan => PerGroup::boxed(Extreme::<Int64Type>::new(side)),
        KqlType::Real => PerGroup::boxed(Extreme::<Float64Type>::new(side)),
        KqlType::Decimal => PerGroup::boxed(Extreme::<Decimal256Type>::new(side)),
        KqlType::String | KqlType::Guid => PerGroup::boxed(ExtremeText { side, ktype: first_type(call), heap: 0 }),
        KqlType::Dynamic => {
            return Err(EvalError::new("values of type dynamic have no order; convert the value first"));
        }
    })
}

fn state_types(call: &AggregateCall) -> Vec<DataType> {
    vec![first_type(call).arrow()]
}

struct Extreme<T> {
    side: Side,
    of: PhantomData<fn() -> T>,
}

impl<T: ArrowPrimitiveType> Extreme<T> {
    fn new(side: Side) -> Extreme<T> {
        Extreme { side, of: PhantomData }
    }
}

impl<T: ArrowPrimitiveType> Fold for Extreme<T>
where
    T::Native: PartialOrd,
{
    type State = Option<T::Native>;

    fn empty(&self) -> Self::State {
        None
    }

    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let side = self.side;
        each(primitive::<T>(&args[0], KqlType::Long)?, groups, |group, value| match &mut states[group] {
            Some(old) => {
                if side.takes(&value, old) {
                    *old = value;
                }
            }
            none => *none = Some(value),
        });
        Ok(())
    }

    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        let array: PrimitiveArray<T> = states.into_iter().collect();
        if let DataType::Decimal256(..) = T::DATA_TYPE {
            let array: &dyn Array = &array;
            return Ok(vec![decimals(array.as_primitive::<Decimal256Type>().iter())]);
        }
        Ok(vec![Arc::new(array)])
    }

    fn finish(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}

/// Strings in the order of their code points; the empty string is a value like others, the smallest.
struct ExtremeText {
    side: Side,
    ktype: KqlType,
    heap: usize,
}

impl Fold for ExtremeText {
    type State = Option<Box<str>>;

    fn empty(&self) -> Self::State {
        None
    }

    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let array = text(&args[0], self.ktype)?;
        for (row, group) in groups.iter().enumerate() {
            if array.is_null(row) {
                continue;
            }
            let value = array.value(row);
            let state = &mut states[*group];
            if state.as_deref().is_none_or(|old| self.side.takes(value, old)) {
                self.heap = self.heap + value.len() - state.as_deref().map_or(0, str::len);
                *state = Some(value.into());
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        let mut builder = StringViewBuilder::with_capacity(states.len());
        for state in &states {
            self.heap -= state.as_deref().map_or(0, str::len);
            builder.append_option(state.as_deref());
        }
        Ok(vec![Arc::new(builder.finish())])
    }

    fn finish(&mut self, mut states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        if self.ktype == KqlType::String {
            for state in &mut states {
                state.get_or_insert_default();
            }
        }
        self.partial(states)
    }

    fn heap(&self) -> usize {
        self.heap
    }
}

struct ExtremeBool(Side);

impl Fold for ExtremeBool {
    type State = Option<bool>;

    fn empty(&self) -> Self::State {
        None
    }

    fn update(&mut self, states: &mut [Self::State], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let array =
            args[0].as_boolean_opt().ok_or_else(|| EvalError::new("a column of type bool holds other values"))?;
        for (group, value) in groups.iter().zip(array) {
            let Some(value) = value else { continue };
            let state = &mut states[*group];
            if state.is_none_or(|old| self.0.takes(&value, &old)) {
                *state = Some(value);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Self::State], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![Arc::new(BooleanArray::from(states))])
    }

    fn finish(&mut self, states: Vec<Self::State>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run_one};
    use super::Side;
    use schema::{KqlType, Value};

    #[test]
    fn nan_gives_way_to_numbers() {
        for side in [Side::Min, Side::Max] {
            assert!(side.takes(&1.0, &f64::NAN));
            assert!(!side.takes(&f64::NAN, &1.0));
            assert!(!side.takes(&f64::NAN, &f64::NAN));
        }
        let reals = |values: &[f64]| Rows::of_one(KqlType::Real, values.iter().map(|x| Value::Real(*x)));
        assert_eq!(run_one("max", &reals(&[f64::NAN, -1.0, f64::NEG_INFINITY])), Value::Real(-1.0));
        assert_eq!(run_one("min", &reals(&[f64::NAN, -1.0, f64::NEG_INFINITY])), Value::Real(f64::NEG_INFINITY));
        assert!(matches!(run_one("min", &reals(&[f64::NAN])), Value::Real(nan) if nan.is_nan()));
    }

    #[test]
    fn the_empty_string_is_the_smallest() {
        let strings =
            |values: &[&str]| Rows::of_one(KqlType::String, values.iter().map(|s| Value::String(s.to_string())));
        assert_eq!(run_one("min", &strings(&["b", "", "a"])), Value::String(String::new()));
        assert_eq!(run_one("max", &strings(&["b", "", "a"])), Value::String("b".into()));
        assert_eq!(run_one("max", &strings(&[])), Value::String(String::new()));
        assert_eq!(run_one("max", &Rows::of_one(KqlType::Guid, [])), Value::Null(KqlType::Guid));
    }
}
