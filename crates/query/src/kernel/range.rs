//! `range`: the values from one to another by steps, made as they are read.

use super::{Kernel, Output, Rows, Run, RunContext, Sees};
use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array};
use datafusion::common::Result as EngineResult;
use schema::{KqlType, Value};
use std::sync::Arc;

/// Values from `from` up (or down) to `to`, the latter included when a step hits it.
#[derive(Debug, Clone, PartialEq)]
pub enum Steps {
    /// Whole numbers and ticks.
    Whole {
        from: i64,
        step: i64,
        count: u64,
    },
    Real {
        from: f64,
        step: f64,
        count: u64,
    },
}

impl Steps {
    /// Returns the steps of a range of a type; `None` when a bound or the step is null or no number. There are no values
    /// when the step leads away from `to`; a step of zero gives one value when both bounds are one.
    pub fn new(from: &Value, to: &Value, step: &Value) -> Option<Steps> {
        if let (Some(from), Some(to), Some(step)) = (whole(from), whole(to), whole(step)) {
            let (span, step_wide) = (i128::from(to) - i128::from(from), i128::from(step));
            let count = match step_wide {
                0 => u64::from(span == 0),
                _ if (span < 0) != (step_wide < 0) && span != 0 => 0,
                _ => u64::try_from(span / step_wide + 1).ok()?,
            };
            return Some(Steps::Whole { from, step, count });
        }
        let (from, to, step) = (real(from)?, real(to)?, real(step)?);
        let count = (to - from) / step;
        let count = if count.is_nan() || count < 0.0 { u64::from(from == to) } else { count.floor() as u64 + 1 };
        Some(Steps::Real { from, step, count })
    }

    /// Returns how many values there are.
    pub fn count(&self) -> u64 {
        match self {
            Steps::Whole { count, .. } | Steps::Real { count, .. } => *count,
        }
    }

    fn values(&self, ktype: KqlType, first: u64, n: u64) -> ArrayRef {
        match self {
            Steps::Whole { from, step, .. } => {
                let value = |i: u64| from.wrapping_add(step.wrapping_mul(i as i64));
                let values = (first..first + n).map(value);
                if ktype == KqlType::Int {
                    return Arc::new(Int32Array::from_iter_values(values.map(|value| value as i32)));
                }
                Arc::new(Int64Array::from_iter_values(values))
            }
            Steps::Real { from, step, .. } => {
                Arc::new(Float64Array::from_iter_values((first..first + n).map(|i| from + step * i as f64)))
            }
        }
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some(i64::from(*value)),
        Value::Long(value) | Value::Datetime(value) | Value::Timespan(value) => Some(*value),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(value) => Some(*value),
        other => whole(other).map(|value| value as f64),
    }
}

/// The rows of a range. It has no input.
#[derive(Debug)]
pub struct Range {
    pub steps: Steps,
    pub ktype: KqlType,
    /// Whether somebody sees the rows' order.
    pub ordered: bool,
}

impl Kernel for Range {
    fn name(&self) -> &str {
        "Range"
    }

    fn sees(&self) -> Sees {
        if self.ordered { Sees::AllRows } else { Sees::EachRow }
    }

    fn start(&self, ctx: &RunContext) -> EngineResult<Box<dyn Run>> {
        Ok(Box::new(RangeRun {
            steps: self.steps.clone(),
            ktype: self.ktype,
            given: 0,
            batch_rows: ctx.batch_rows as u64,
        }))
    }
}

struct RangeRun {
    steps: Steps,
    ktype: KqlType,
    given: u64,
    batch_rows: u64,
}

impl Run for RangeRun {
    fn push(&mut self, _input: usize, _rows: Rows, _out: &mut Output) -> EngineResult<()> {
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> EngineResult<bool> {
        let n = self.batch_rows.min(self.steps.count() - self.given);
        out.give_columns(vec![], vec![self.steps.values(self.ktype, self.given, n)], n as usize);
        self.given += n;
        Ok(self.given < self.steps.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_the_sign_of_the_step() {
        let long = Value::Long;
        let cases = [
            (long(1), long(10), long(3), 4),
            (long(10), long(1), long(-3), 4),
            (long(1), long(10), long(-1), 0),
            (long(5), long(5), long(1), 1),
            (long(5), long(5), long(0), 1),
            (long(1), long(5), long(0), 0),
            (Value::Real(0.0), Value::Real(1.0), Value::Real(0.25), 5),
            (long(1), Value::Real(2.0), Value::Real(0.5), 3),
            (Value::Real(0.0), Value::Real(f64::NAN), Value::Real(0.25), 0),
            (long(i64::MIN), long(i64::MAX), long(1 << 62), 4),
        ];
        for (from, to, step, count) in cases {
            assert_eq!(
                Steps::new(&from, &to, &step).map(|steps| steps.count()),
                Some(count),
                "{from:?} {to:?} {step:?}"
            );
        }
        assert_eq!(Steps::new(&Value::Null(KqlType::Long), &long(1), &long(1)), None);
    }
}
