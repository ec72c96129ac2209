//! Variance, standard deviation and covariance: means and sums of (co)deviations, kept so that they merge exactly
//! (Welford's update, Chan's merge).

use super::per_group::{Fold, PerGroup};
use crate::args::{Arg, EvalError};
use crate::cells::primitive;
use crate::registry::{Accumulator, AggregateCall};
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use schema::KqlType;
use std::sync::Arc;

/// The result wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Divide by n - 1 and not by n.
    pub is_sample: bool,
    /// Take the square root.
    pub is_root: bool,
    /// What no values give.
    pub nothing: Option<f64>,
}

/// Makes an accumulator of the variance of argument 0, or of its covariance with argument 1 when `of_two`.
pub fn make(call: &AggregateCall, of_two: bool, wanted: Wanted) -> Result<Box<dyn Accumulator>, EvalError> {
    let ktypes = call.args.iter().map(|(ktype, _)| *ktype).collect();
    Ok(PerGroup::boxed(Moments { ktypes, of_two, wanted }))
}

/// Returns the types of the partial results: count, mean of x, mean of y, sum of codeviations.
pub fn state_types(_: &AggregateCall) -> Vec<DataType> {
    vec![DataType::Int64, DataType::Float64, DataType::Float64, DataType::Float64]
}

struct Moments {
    ktypes: Vec<KqlType>,
    of_two: bool,
    wanted: Wanted,
}

#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    n: i64,
    mean_x: f64,
    mean_y: f64,
    /// The sum of (x - mean of x) (y - mean of y).
    deviation: f64,
}

impl Moment {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1;
        let n = self.n as f64;
        let from_old_x = x - self.mean_x;
        self.mean_x += from_old_x / n;
        self.mean_y += (y - self.mean_y) / n;
        self.deviation += from_old_x * (y - self.mean_y);
    }

    fn merge(&mut self, other: Moment) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = other;
            return;
        }
        let (a, b) = (self.n as f64, other.n as f64);
        let (dx, dy) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        self.n += other.n;
        self.mean_x += dx * b / (a + b);
        self.mean_y += dy * b / (a + b);
        self.deviation += other.deviation + dx * dy * a * b / (a + b);
    }
}

impl Fold for Moments {
    type State = Moment;

    fn empty(&self) -> Moment {
        Moment::default()
    }

    fn update(&mut self, states: &mut [Moment], args: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let column = |i: usize| Arg { array: args[i].clone(), ktype: self.ktypes[i], constant: false };
        let x = column(0);
        let xs = x.reals();
        if !self.of_two {
            for (row, group) in groups.iter().enumerate() {
                if let Some(x) = xs.get(row) {
                    states[*group].add(x, x);
                }
            }
            return Ok(());
        }
        let y = column(1);
        let ys = y.reals();
        for (row, group) in groups.iter().enumerate() {
            if let (Some(x), Some(y)) = (xs.get(row), ys.get(row)) {
                states[*group].add(x, y);
            }
        }
        Ok(())
    }

    fn merge(&mut self, states: &mut [Moment], partial: &[ArrayRef], groups: &[usize]) -> Result<(), EvalError> {
        let counts = primitive::<Int64Type>(&partial[0], KqlType::Long)?.values();
        let real = |i: usize| primitive::<Float64Type>(&partial[i], KqlType::Real).map(|array| array.values());
        let (xs, ys, deviations) = (real(1)?, real(2)?, real(3)?);
        for (row, group) in groups.iter().enumerate() {
            let other = Moment { n: counts[row], mean_x: xs[row], mean_y: ys[row], deviation: deviations[row] };
            states[*group].merge(other);
        }
        Ok(())
    }

    fn partial(&mut self, states: Vec<Moment>) -> Result<Vec<ArrayRef>, EvalError> {
        let real = |part: fn(&Moment) -> f64| Arc::new(Float64Array::from_iter_values(states.iter().map(part)));
        Ok(vec![
            Arc::new(Int64Array::from_iter_values(states.iter().map(|moment| moment.n))),
            real(|moment| moment.mean_x),
            real(|moment| moment.mean_y),
            real(|moment| moment.deviation),
        ])
    }

    fn finish(&mut self, states: Vec<Moment>) -> Result<Vec<ArrayRef>, EvalError> {
        let Wanted { is_sample, is_root, nothing } = self.wanted;
        let result = |moment: &Moment| {
            if moment.n == 0 {
                return nothing;
            }
            // One value does not deviate, in a sample as in a population.
            let n = if is_sample { (moment.n - 1).max(1) } else { moment.n };
            let variance = moment.deviation / n as f64;
            Some(if is_root { variance.sqrt() } else { variance })
        };
        Ok(vec![Arc::new(states.iter().map(result).collect::<Float64Array>())])
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::{Rows, run_one};
    use schema::{KqlType, Value};

    fn reals(values: &[f64]) -> Rows {
        Rows::of_one(KqlType::Real, values.iter().map(|x| Value::Real(*x)))
    }

    #[test]
    fn few_values() {
        let cases = [
            ("variance", vec![], Value::Real(0.0)),
            ("stdev", vec![], Value::Real(0.0)),
            ("variancep", vec![], Value::Null(KqlType::Real)),
            ("stdevp", vec![], Value::Null(KqlType::Real)),
            ("variance", vec![7.0], Value::Real(0.0)),
            ("stdevp", vec![7.0], Value::Real(0.0)),
            ("variance", vec![1.0, 2.0, 3.0, 4.0, 5.0], Value::Real(2.5)),
            ("variancep", vec![1.0, 2.0, 3.0, 4.0, 5.0], Value::Real(2.0)),
            // The naive sum of squares would lose all digits here.
            ("variance", vec![1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0], Value::Real(1.0)),
        ];
        for (name, values, expected) in cases {
            assert_eq!(run_one(name, &reals(&values)), expected, "{name} of {values:?}");
        }
    }

    #[test]
    fn covariance_skips_rows_with_a_null() {
        let rows = [
            (1.0, Some(14.0)),
            (2.0, Some(10.0)),
            (9.0, None),
            (3.0, Some(17.0)),
            (4.0, Some(20.0)),
            (5.0, Some(50.0)),
        ];
        let row =
            |(x, y): &(f64, Option<f64>)| vec![Value::Real(*x), y.map_or(Value::Null(KqlType::Real), Value::Real)];
        let rows = Rows {
            args: vec![(KqlType::Real, None), (KqlType::Real, None)],
            rows: rows.iter().map(row).collect(),
            groups: vec![0; rows.len()],
            n_groups: 1,
        };
        assert_eq!(run_one("covariance", &rows), Value::Real(20.5));
        assert_eq!(run_one("covariancep", &rows), Value::Real(16.4));
    }
}
