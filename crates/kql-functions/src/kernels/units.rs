//! Conversion between units of one quantity.

use super::{convert, spread};
use crate::args::{Args, EvalError};
use arrow::array::{ArrayRef, Float64Array};
use std::sync::Arc;

/// A unit: a value of it is `value * multiply / divide + add` of the quantity's base unit.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    name: &'static str,
    multiply: f64,
    divide: f64,
    add: f64,
}

impl Unit {
    /// A unit of `factor` base units.
    pub const fn of(name: &'static str, factor: f64) -> Unit {
        Unit { name, multiply: factor, divide: 1.0, add: 0.0 }
    }

    /// A unit of which `count` make a base unit.
    pub const fn per(name: &'static str, count: f64) -> Unit {
        Unit { name, multiply: 1.0, divide: count, add: 0.0 }
    }

    /// A unit of a scale whose zero is elsewhere.
    pub const fn shifted(name: &'static str, multiply: f64, divide: f64, add: f64) -> Unit {
        Unit { name, multiply, divide, add }
    }

    fn in_base(self, value: f64) -> f64 {
        value * self.multiply / self.divide + self.add
    }

    fn of_base(self, value: f64) -> f64 {
        (value - self.add) * self.divide / self.multiply
    }
}

/// Returns a value in another unit; `None` when a unit is not among `units`. Names are taken in any case.
pub fn convert_unit(units: &[Unit], value: f64, from: &str, to: &str) -> Option<f64> {
    let find = |name: &str| units.iter().find(|unit| unit.name.eq_ignore_ascii_case(name));
    let (from, to) = (find(from)?, find(to)?);
    Some(if std::ptr::eq(from, to) { value } else { to.of_base(from.in_base(value)) })
}

/// Evaluates a function of a value and the names of two units.
pub fn eval(args: &Args, convert_unit: impl Fn(f64, &str, &str) -> Option<f64>) -> Result<ArrayRef, EvalError> {
    let (value, from, to) = (convert::reals(&args.args[0]), args.str(1), args.str(2));
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let column: Float64Array = (0..rows).map(|row| convert_unit(value.get(row)?, from.get(row), to.get(row))).collect();
    spread(Arc::new(column), args.rows)
}
