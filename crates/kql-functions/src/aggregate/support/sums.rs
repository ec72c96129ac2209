//! Sums and averages.

use super::constants::first_type;
use super::per_group::{Fold, PerGroup, each};
use crate::args::EvalError;
use crate::cells::primitive;
use crate::registry::{Accumulate, Accumulator, AggregateCall};
use arrow::array::{ArrayRef, Decimal128Array, Decimal256Array, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, Int32Type, Int64Type, i256};
use schema::{DECIMAL_PRECISION, DECIMAL_SCALE, KqlType, number};
use std::sync::Arc;

/// Accumulators of `sum`.
pub const SUM: Accumulate = Accumulate { make: make_sum, state_types: sum_state };
/// Accumulators of `avg`.
pub const AVG: Accumulate = Accumulate { make: make_avg, state_types: avg_state };

/// An exact sum of longs or ticks: 38 digits hold 10^18 rows of the largest long.
const WIDE: DataType = DataType::Decimal128(38, 0);

fn make_sum(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    Ok(match first_type(call) {
        KqlType::Real => PerGroup::boxed(SumReal),
        KqlType::Decimal => PerGroup::boxed(SumDecimal),
        KqlType::Int => PerGroup::boxed(SumLong { of_int: true }),
        _ => PerGroup::boxed(SumLong { of_int: false }),
    })
}

fn sum_state(call: &AggregateCall) -> Vec<DataType> {
    vec![match first_type(call) {
        KqlType::Real => DataType::Float64,
        KqlType::Decimal => KqlType::Decimal.arrow(),
        _ => DataType::Int64,
    }]
}

fn make_avg(call: &AggregateCall) -> Result<Box<dyn Accumulator>, EvalError> {
    Ok(match first_type(call) {
        KqlType::Real => PerGroup::boxed(AvgReal),
        KqlType::Decimal => PerGroup::boxed(AvgDecimal),
        ktype => PerGroup::boxed(AvgLong { ktype }),
    })
}

fn avg_state(call: &AggregateCall) -> Vec<DataType> {
    let sum = match first_type(call) {
        KqlType::Real => DataType::Float64,
        KqlType::Decimal => KqlType::Decimal.arrow(),
        _ => WIDE,
    };
    vec![sum, DataType::Int64]
}

/// Returns a column of decimals.
pub fn decimals(values: impl IntoIterator<Item = Option<i256>>) -> ArrayRef {
    let array: Decimal256Array = values.into_iter().collect();
    Arc::new(array.with_data_type(DataType::Decimal256(DECIMAL_PRECISION, DECIMAL_SCALE)))
}

fn decimal_overflow(function: &str) -> EvalError {
    EvalError::new(format!("the sum in `{function}` has more digits than a decimal holds"))
}

/// Sum of whole numbers or ticks; overflow wraps, as `long` arithmetic does.
struct SumLong {
    of_int: bool,
}

impl Fold for SumLong {
    type State = i64;

    fn empty(&self) -> i64 {
        0
    }

    fn update(&mut self, states: &mut [i64], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        if self.of_int {
            let array = primitive::<Int32Type>(&args[0], KqlType::Int)?;
            each(array, groups, |group, value| states[group] = states[group].wrapping_add(i64::from(value)));
            return Ok(());
        }
        self.merge(states, args, groups)
    }

    fn merge(&mut self, states: &mut [i64], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let array = primitive::<Int64Type>(&partial[0], KqlType::Long)?;
        each(array, groups, |group, value| states[group] = states[group].wrapping_add(value));
        Ok(())
    }

    fn partial(&mut self, states: Vec<i64>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![Arc::new(Int64Array::from(states))])
    }

    fn finish(&mut self, states: Vec<i64>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}

struct SumReal;

impl Fold for SumReal {
    type State = f64;

    fn empty(&self) -> f64 {
        0.0
    }

    fn update(&mut self, states: &mut [f64], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let array = primitive::<Float64Type>(&args[0], KqlType::Real)?;
        each(array, groups, |group, value| states[group] += value);
        Ok(())
    }

    fn merge(&mut self, states: &mut [f64], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<f64>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![Arc::new(Float64Array::from(states))])
    }

    fn finish(&mut self, states: Vec<f64>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}

struct SumDecimal;

impl Fold for SumDecimal {
    type State = i256;

    fn empty(&self) -> i256 {
        i256::ZERO
    }

    fn update(&mut self, states: &mut [i256], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let array = primitive::<Decimal256Type>(&args[0], KqlType::Decimal)?;
        let mut overflow = false;
        each(array, groups, |group, value| match number::decimal_add(states[group], value) {
            Some(sum) => states[group] = sum,
            None => overflow = true,
        });
        if overflow { Err(decimal_overflow("sum")) } else { Ok(()) }
    }

    fn merge(&mut self, states: &mut [i256], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        self.update(states, partial, groups)
    }

    fn partial(&mut self, states: Vec<i256>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![decimals(states.into_iter().map(Some))])
    }

    fn finish(&mut self, states: Vec<i256>) -> Result<Vec<ArrayRef>, EvalError> {
        self.partial(states)
    }
}

/// Average of whole numbers (a real, NaN for no values) or of ticks (ticks, null for no values). The sum is exact.
struct AvgLong {
    ktype: KqlType,
}

impl Fold for AvgLong {
    type State = (i128, i64);

    fn empty(&self) -> (i128, i64) {
        (0, 0)
    }

    fn update(&mut self, states: &mut [(i128, i64)], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let mut add = |group: usize, value: i128| {
            let state = &mut states[group];
            *state = (state.0 + value, state.1 + 1);
        };
        if self.ktype == KqlType::Int {
            each(primitive::<Int32Type>(&args[0], self.ktype)?, groups, |group, value| add(group, i128::from(value)));
        } else {
            each(primitive::<Int64Type>(&args[0], self.ktype)?, groups, |group, value| add(group, i128::from(value)));
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [(i128, i64)], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let sums = primitive::<Decimal128Type>(&partial[0], KqlType::Decimal)?;
        let counts = primitive::<Int64Type>(&partial[1], KqlType::Long)?;
        each(sums, groups, |group, sum| states[group].0 += sum);
        each(counts, groups, |group, count| states[group].1 += count);
        Ok(())
    }

    fn partial(&mut self, states: Vec<(i128, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        let sums = Decimal128Array::from_iter_values(states.iter().map(|state| state.0)).with_data_type(WIDE);
        let counts = Int64Array::from_iter_values(states.iter().map(|state| state.1));
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn finish(&mut self, states: Vec<(i128, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        if self.ktype.is_integer() {
            let averages = states.iter().map(|(sum, count)| *sum as f64 / *count as f64);
            return Ok(vec![Arc::new(Float64Array::from_iter_values(averages))]);
        }
        let average = |(sum, count): &(i128, i64)| (*count > 0).then(|| (*sum / i128::from(*count)) as i64);
        Ok(vec![Arc::new(states.iter().map(average).collect::<Int64Array>())])
    }
}

/// Average of reals, NaN for no values.
struct AvgReal;

impl Fold for AvgReal {
    type State = (f64, i64);

    fn empty(&self) -> (f64, i64) {
        (0.0, 0)
    }

    fn update(&mut self, states: &mut [(f64, i64)], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        each(primitive::<Float64Type>(&args[0], KqlType::Real)?, groups, |group, value| {
            let state = &mut states[group];
            *state = (state.0 + value, state.1 + 1);
        });
        Ok(())
    }

    fn merge(&mut self, states: &mut [(f64, i64)], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let sums = primitive::<Float64Type>(&partial[0], KqlType::Real)?;
        let counts = primitive::<Int64Type>(&partial[1], KqlType::Long)?;
        each(sums, groups, |group, sum| states[group].0 += sum);
        each(counts, groups, |group, count| states[group].1 += count);
        Ok(())
    }

    fn partial(&mut self, states: Vec<(f64, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        let sums = Float64Array::from_iter_values(states.iter().map(|state| state.0));
        let counts = Int64Array::from_iter_values(states.iter().map(|state| state.1));
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn finish(&mut self, states: Vec<(f64, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        let averages = states.iter().map(|(sum, count)| sum / *count as f64);
        Ok(vec![Arc::new(Float64Array::from_iter_values(averages))])
    }
}

/// Average of decimals; null for no values.
struct AvgDecimal;

impl Fold for AvgDecimal {
    type State = (i256, i64);

    fn empty(&self) -> (i256, i64) {
        (i256::ZERO, 0)
    }

    fn update(&mut self, states: &mut [(i256, i64)], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let mut overflow = false;
        each(primitive::<Decimal256Type>(&args[0], KqlType::Decimal)?, groups, |group, value| {
            let (sum, count) = states[group];
            match number::decimal_add(sum, value) {
                Some(sum) => states[group] = (sum, count + 1),
                None => overflow = true,
            }
        });
        if overflow { Err(decimal_overflow("avg")) } else { Ok(()) }
    }

    fn merge(&mut self, states: &mut [(i256, i64)], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let sums = primitive::<Decimal256Type>(&partial[0], KqlType::Decimal)?;
        let counts = primitive::<Int64Type>(&partial[1], KqlType::Long)?;
        let mut overflow = false;
        each(sums, groups, |group, value| match number::decimal_add(states[group].0, value) {
            Some(sum) => states[group].0 = sum,
            None => overflow = true,
        });
        each(counts, groups, |group, count| states[group].1 += count);
        if overflow { Err(decimal_overflow("avg")) } else { Ok(()) }
    }

    fn partial(&mut self, states: Vec<(i256, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        let counts = Int64Array::from_iter_values(states.iter().map(|state| state.1));
        Ok(vec![decimals(states.iter().map(|state| Some(state.0))), Arc::new(counts)])
    }

    fn finish(&mut self, states: Vec<(i256, i64)>) -> Result<Vec<ArrayRef>, EvalError> {
        Ok(vec![decimals(
            states.iter().map(|(sum, count)| number::decimal_div(*sum, number::decimal_from_long(*count))),
        )])
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, WAYS, run_one, run_way};
    use super::*;
    use schema::Value;

    fn decimal(text: &str) -> Value {
        number::parse_decimal(text).map_or(Value::Null(KqlType::Decimal), Value::Decimal)
    }

    #[test]
    fn sums_and_averages_of_every_type() {
        use KqlType::{Datetime, Decimal, Int, Long, Real, Timespan};
        let null = Value::Null;
        let cases = [
            ("sum", Int, vec![Value::Int(i32::MAX), Value::Int(1), null(Int)], Value::Long(2_147_483_648)),
            ("sum", Long, vec![Value::Long(i64::MAX), Value::Long(2)], Value::Long(i64::MIN + 1)),
            ("sum", Long, vec![null(Long)], Value::Long(0)),
            ("sum", Real, vec![], Value::Real(0.0)),
            ("sum", Decimal, vec![decimal("0.1"), decimal("0.2")], decimal("0.3")),
            ("sum", Timespan, vec![Value::Timespan(1), Value::Timespan(-3)], Value::Timespan(-2)),
            ("avg", Int, vec![Value::Int(1), Value::Int(2), null(Int)], Value::Real(1.5)),
            ("avg", Long, vec![Value::Long(i64::MAX); 3], Value::Real(i64::MAX as f64)),
            ("avg", Decimal, vec![decimal("1"), decimal("2")], decimal("1.5")),
            ("avg", Decimal, vec![], null(Decimal)),
            (
                "avg",
                Datetime,
                vec![Value::Datetime(3_000_000_000_000_000_000); 5],
                Value::Datetime(3_000_000_000_000_000_000),
            ),
            ("avg", Timespan, vec![null(Timespan)], null(Timespan)),
        ];
        for (name, ktype, values, expected) in cases {
            assert_eq!(run_one(name, &Rows::of_one(ktype, values.clone())), expected, "{name} of {values:?}");
        }
        assert!(matches!(run_one("avg", &Rows::of_one(Long, [])), Value::Real(nan) if nan.is_nan()));
    }

    #[test]
    fn a_sum_too_long_for_a_decimal_is_an_error() {
        let largest = Value::Decimal(i256::MAX);
        let rows = Rows::of_one(KqlType::Decimal, [largest.clone(), largest]);
        assert!(run_way("sum", &rows, WAYS[0]).is_err_and(|error| error.to_string().contains("`sum`")));
        assert!(run_way("avg", &rows, WAYS[2]).is_err());
    }
}
