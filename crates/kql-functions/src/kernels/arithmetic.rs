//! `+`, `-`, `*`, `/` and `%` over whole columns.
//!
//! | left     | right              | `+`      | `-`      | `*`      | `/`      | `%`      |
//! |----------|--------------------|----------|----------|----------|----------|----------|
//! | number   | number             | widest   | widest   | widest   | widest   | widest   |
//! | timespan | timespan           | timespan | timespan | timespan | real     | timespan |
//! | timespan | number             |          |          | timespan | timespan | timespan |
//! | number   | timespan           |          |          | timespan |          |          |
//! | datetime | timespan           | datetime | datetime |          | real     | timespan |
//! | timespan | datetime           | datetime | datetime |          |          |          |
//! | datetime | datetime           | refused  | timespan |          | real     | timespan |
//! | datetime | number             |          |          | datetime | datetime | datetime |
//! | number   | datetime           |          |          | datetime |          |          |
//!
//! The widest of int and long is long, else real, else decimal. Longs and timespans wrap; a datetime out of range and an
//! integer or decimal divided by zero are null. A remainder is never negative. A dynamic value takes the type that makes
//! sense beside the other side; between two of them the numbers are calculated and the result is dynamic.
//!
//! # Source
//! Kusto reference, "Numerical operators" and "Datetime / timespan arithmetic"; the types as Microsoft's binder has them.

use super::convert::{self, Atom, atom};
use super::{Operand, binary, binary_opt, with_scale};
use crate::args::{Arg, Args, EvalError};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float64Array, Int64Array, PrimitiveArray, StringViewArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{Decimal256Type, Float64Type, Int64Type, i256};
use schema::{Dynamic, KqlType, number, ticks};
use std::sync::Arc;

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

use Operator::{Add, Divide, Modulo, Multiply, Subtract};

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Add => "+",
            Subtract => "-",
            Multiply => "*",
            Divide => "/",
            Modulo => "%",
        }
    }

    fn longs(self, left: &Operand<Int64Type>, right: &Operand<Int64Type>) -> Result<Int64Array, EvalError> {
        match self {
            Add => binary(left, right, i64::wrapping_add),
            Subtract => binary(left, right, i64::wrapping_sub),
            Multiply => binary(left, right, i64::wrapping_mul),
            Divide => divided(left, right, i64::wrapping_div),
            Modulo => divided(left, right, i64::wrapping_rem_euclid),
        }
    }

    fn reals(self, left: &Operand<Float64Type>, right: &Operand<Float64Type>) -> Result<Float64Array, EvalError> {
        match self {
            Add => binary(left, right, |l, r| l + r),
            Subtract => binary(left, right, |l, r| l - r),
            Multiply => binary(left, right, |l, r| l * r),
            Divide => binary(left, right, |l, r| l / r),
            Modulo => binary(left, right, f64::rem_euclid),
        }
    }

    fn decimals(self) -> fn(i256, i256) -> Option<i256> {
        match self {
            Add => number::decimal_add,
            Subtract => number::decimal_sub,
            Multiply => number::decimal_mul,
            Divide => number::decimal_div,
            Modulo => number::decimal_rem,
        }
    }
}

/// Returns the widest of two numeric types, int widened to long.
fn widest(left: KqlType, right: KqlType) -> KqlType {
    [KqlType::Decimal, KqlType::Real].into_iter().find(|wide| [left, right].contains(wide)).unwrap_or(KqlType::Long)
}

/// Returns the type of `left operator right`, or `None` when the operator does not take these types.
pub fn result_type(operator: Operator, left: KqlType, right: KqlType) -> Option<KqlType> {
    use KqlType::{Datetime, Dynamic, Real, Timespan};
    if left.is_numeric() && right.is_numeric() {
        return Some(widest(left, right));
    }
    Some(match (operator, left, right) {
        (_, Dynamic, Dynamic) => Dynamic,
        (_, Dynamic, other) | (_, other, Dynamic) if other.is_numeric() => widest(other, other),
        (Add, Dynamic, other @ (Datetime | Timespan)) | (Add, other @ (Datetime | Timespan), Dynamic) => other,
        (Subtract, Dynamic, Datetime | Timespan) | (Subtract, Datetime | Timespan, Dynamic) => Timespan,
        (Add, Datetime | Timespan, Datetime) | (Add, Datetime, Timespan) => Datetime,
        (Subtract, Datetime, Datetime) => Timespan,
        (Subtract, Datetime, Timespan) | (Subtract, Timespan, Datetime) => Datetime,
        (Divide, Datetime, Datetime | Timespan) | (Divide, Timespan, Timespan) => Real,
        (Modulo, Datetime, Datetime | Timespan) => Timespan,
        (_, Timespan, Timespan) => Timespan,
        (Multiply, Datetime | Timespan, other) | (Multiply, other, Datetime | Timespan) if other.is_numeric() => {
            if [left, right].contains(&Datetime) { Datetime } else { Timespan }
        }
        (Divide | Modulo, Datetime | Timespan, other) if other.is_numeric() => left,
        _ => return None,
    })
}

/// Returns the type of a call by the types of its arguments, for the functions' `returns`.
pub fn returns(operator: Operator, types: &[KqlType]) -> KqlType {
    let (left, right) = (types.first().copied(), types.get(1).copied());
    left.zip(right).and_then(|(left, right)| result_type(operator, left, right)).unwrap_or(KqlType::Dynamic)
}

/// Evaluates a call of an operator.
///
/// # Errors
/// The types are none that the operator takes, or the sum of two datetimes is asked for.
pub fn eval(operator: Operator, args: &Args) -> Result<ArrayRef, EvalError> {
    super::spread(apply(operator, &args.args[0], &args.args[1])?.array, args.rows)
}

/// Calculates `left operator right`.
///
/// # Errors
/// See [`eval`].
pub fn apply(operator: Operator, left: &Arg, right: &Arg) -> Result<Arg, EvalError> {
    use KqlType::{Datetime, Decimal, Dynamic, Long, Real, Timespan};
    let refused = || {
        let (symbol, left, right) = (operator.symbol(), left.ktype, right.ktype);
        EvalError::new(format!("`{symbol}` does not take values of types {left} and {right}"))
    };
    let ktype = result_type(operator, left.ktype, right.ktype).ok_or_else(refused)?;
    if (operator, left.ktype, right.ktype) == (Add, Datetime, Datetime) {
        return Err(EvalError::new("two datetimes cannot be added; subtract them for the time between them"));
    }
    let array: ArrayRef = match ktype {
        Long => Arc::new(operator.longs(&convert::longs(left), &convert::longs(right))?),
        Real => Arc::new(operator.reals(&convert::reals(left), &convert::reals(right))?),
        Decimal => {
            let column: PrimitiveArray<Decimal256Type> =
                binary_opt(&convert::decimals(left), &convert::decimals(right), operator.decimals());
            Arc::new(with_scale(column))
        }
        Dynamic => Arc::new(dynamics(operator, left, right)),
        Datetime => Arc::new(in_range(ticks_of(operator, left, right)?)),
        Timespan => Arc::new(ticks_of(operator, left, right)?),
        KqlType::Bool | KqlType::Int | KqlType::String | KqlType::Guid => return Err(refused()),
    };
    Ok(Arg { array, ktype, constant: left.constant && right.constant })
}

/// Calculates ticks: of two times, or of a time and a number.
fn ticks_of(operator: Operator, left: &Arg, right: &Arg) -> Result<Int64Array, EvalError> {
    // A dynamic beside a datetime is the other datetime of a difference, else a timespan.
    let time = |arg: &Arg, other: &Arg| {
        if arg.ktype == KqlType::Dynamic && operator == Subtract && other.ktype == KqlType::Datetime {
            convert::datetimes(arg)
        } else {
            convert::timespans(arg)
        }
    };
    if let (KqlType::Real | KqlType::Decimal, time) | (time, KqlType::Real | KqlType::Decimal) =
        (left.ktype, right.ktype)
        && matches!(time, KqlType::Datetime | KqlType::Timespan)
    {
        let column = operator.reals(&convert::reals(left), &convert::reals(right))?;
        return Ok(column.unary_opt(rounded));
    }
    operator.longs(&time(left, right), &time(right, left))
}

/// Returns the nearest count of ticks, or `None` when there is none.
fn rounded(value: f64) -> Option<i64> {
    (value.abs() < i64::MAX as f64).then(|| value.round() as i64)
}

/// Makes instants null that no datetime can hold.
fn in_range(instants: Int64Array) -> Int64Array {
    if instants.values().iter().all(|instant| ticks::in_range(*instant).is_some()) {
        return instants;
    }
    instants.unary_opt(ticks::in_range)
}

/// Applies a division: null where the divisor is zero.
fn divided(
    left: &Operand<Int64Type>,
    right: &Operand<Int64Type>,
    op: impl Fn(i64, i64) -> i64,
) -> Result<Int64Array, EvalError> {
    let column: Int64Array = binary(left, right, |l, r| if r == 0 { 0 } else { op(l, r) })?;
    let divisors = right.array.values();
    let non_zero = if right.constant {
        if divisors.first() != Some(&0) {
            return Ok(column);
        }
        BooleanBuffer::new_unset(column.len())
    } else {
        if !divisors.contains(&0) {
            return Ok(column);
        }
        BooleanBuffer::collect_bool(divisors.len(), |row| divisors[row] != 0)
    };
    Ok(masked(&column, non_zero))
}

/// Makes the values null where `keep` is not set.
fn masked<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, keep: BooleanBuffer) -> PrimitiveArray<T> {
    let nulls = NullBuffer::union(Some(&NullBuffer::new(keep)), column.nulls());
    PrimitiveArray::new(column.values().clone(), nulls)
}

/// Calculates two dynamic values row by row; null where one of them is no number.
fn dynamics(operator: Operator, left: &Arg, right: &Arg) -> StringViewArray {
    let rows = if left.constant { right.array.len() } else { left.array.len() };
    let (left_text, right_text) = (left.strs(), right.strs());
    (0..rows)
        .map(|row| {
            let (left, right) = (number_of(left_text.opt(row)?)?, number_of(right_text.opt(row)?)?);
            let value = match (left, right) {
                (Number::Long(left), Number::Long(right)) => Dynamic::from_long(match operator {
                    Add => left.wrapping_add(right),
                    Subtract => left.wrapping_sub(right),
                    Multiply => left.wrapping_mul(right),
                    Divide => left.checked_div(right)?,
                    Modulo => left.checked_rem_euclid(right)?,
                }),
                (left, right) => {
                    let (left, right) = (left.real(), right.real());
                    Dynamic::from_real(match operator {
                        Add => left + right,
                        Subtract => left - right,
                        Multiply => left * right,
                        Divide => left / right,
                        Modulo => left.rem_euclid(right),
                    })
                }
            };
            Some(value.to_json())
        })
        .collect()
}

enum Number {
    Long(i64),
    Real(f64),
}

impl Number {
    fn real(&self) -> f64 {
        match self {
            Number::Long(long) => *long as f64,
            Number::Real(real) => *real,
        }
    }
}

fn number_of(json: &str) -> Option<Number> {
    match atom(json) {
        Atom::Long(long) => Some(Number::Long(long)),
        Atom::Real(real) => Some(Number::Real(real)),
        Atom::Bool(_) | Atom::Text(_) | Atom::Other => None,
    }
}

/// Returns the type of `-value` and `+value`.
pub fn sign_returns(types: &[KqlType]) -> KqlType {
    match types.first() {
        Some(KqlType::Int) | None => KqlType::Long,
        Some(other) => *other,
    }
}

/// Evaluates `-value`.
pub fn negate(args: &Args) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    let array: ArrayRef = match arg.ktype {
        KqlType::Real => Arc::new(convert::reals(arg).map::<Float64Type>(|value| -value)),
        KqlType::Decimal => {
            Arc::new(with_scale(convert::decimals(arg).map::<Decimal256Type>(|value| value.wrapping_neg())))
        }
        KqlType::Datetime => Arc::new(in_range(convert::longs(arg).map(i64::wrapping_neg))),
        KqlType::Dynamic => {
            let negated: StringViewArray = arg
                .array
                .as_string_view()
                .iter()
                .map(|json| {
                    Some(match number_of(json?)? {
                        Number::Long(long) => Dynamic::from_long(long.wrapping_neg()).to_json(),
                        Number::Real(real) => Dynamic::from_real(-real).to_json(),
                    })
                })
                .collect();
            Arc::new(negated)
        }
        _ => Arc::new(convert::longs(arg).map::<Int64Type>(i64::wrapping_neg)),
    };
    super::spread(array, args.rows)
}

#[cfg(test)]
mod tests {
    use crate::{FUNCTIONS, call};
    use schema::{Dynamic, KqlType, Value, number, ticks};

    #[test]
    fn types_and_edges() {
        use Value::{Datetime, Dynamic as Json, Int, Long, Null, Real, Timespan};
        let json = |json: &str| Dynamic::parse(json).map_or(Null(KqlType::Dynamic), Json);
        let decimal = |text: &str| number::parse_decimal(text).map_or(Null(KqlType::Decimal), Value::Decimal);
        let cases = [
            ("+", Int(2_147_483_647), Int(1), Long(2_147_483_648)),
            ("+", Long(i64::MAX), Int(1), Long(i64::MIN)),
            ("+", Long(1), Real(0.5), Real(1.5)),
            ("+", Real(0.1), decimal("0.2"), decimal("0.3")),
            ("+", decimal("9e37"), decimal("9e37"), Null(KqlType::Decimal)),
            ("+", Datetime(ticks::DATETIME_MAX), Timespan(1), Null(KqlType::Datetime)),
            ("+", Timespan(1), Datetime(1), Datetime(2)),
            ("+", Timespan(i64::MAX), Timespan(1), Timespan(i64::MIN)),
            ("+", Int(1), Null(KqlType::Int), Null(KqlType::Long)),
            ("+", json("1.5"), Long(1), Long(2)),
            ("+", json("1.5"), json("1"), json("2.5")),
            ("+", json("\"a\""), json("1"), Null(KqlType::Dynamic)),
            ("+", json("\"01:00:00\""), Datetime(0), Datetime(36_000_000_000)),
            ("-", Long(i64::MIN), Long(1), Long(i64::MAX)),
            ("-", Datetime(5), Datetime(7), Timespan(-2)),
            ("-", Datetime(0), Timespan(1), Null(KqlType::Datetime)),
            ("-", Timespan(7), Timespan(2), Timespan(5)),
            ("-", Datetime(864_000_000_000), json("\"0001-01-01\""), Timespan(864_000_000_000)),
            ("-", json("\"1d\""), Timespan(0), Timespan(864_000_000_000)),
            ("-", Real(f64::INFINITY), Long(1), Real(f64::INFINITY)),
            ("*", Int(2_147_483_647), Int(2), Long(4_294_967_294)),
            ("*", Long(i64::MAX), Long(2), Long(-2)),
            ("*", Timespan(10), Real(0.57), Timespan(6)),
            ("*", Real(1e300), Timespan(10), Null(KqlType::Timespan)),
            ("*", Timespan(10), decimal("2.5"), Timespan(25)),
            ("*", Long(3), Timespan(7), Timespan(21)),
            ("*", Datetime(5), Long(2), Datetime(10)),
            ("*", json("2"), Real(1.5), Real(3.0)),
            ("*", decimal("1.5"), Int(2), decimal("3")),
            ("/", Long(-7), Long(2), Long(-3)),
            ("/", Long(7), Int(-2), Long(-3)),
            ("/", Long(1), Long(0), Null(KqlType::Long)),
            ("/", Long(i64::MIN), Long(-1), Long(i64::MIN)),
            ("/", Real(1.0), Long(0), Real(f64::INFINITY)),
            ("/", decimal("1"), Long(3), decimal("0.3333333333333333333333333333333333")),
            ("/", decimal("1"), decimal("0"), Null(KqlType::Decimal)),
            ("/", Timespan(10), Timespan(4), Real(2.5)),
            ("/", Timespan(10), Long(4), Timespan(2)),
            ("/", Timespan(10), Long(0), Null(KqlType::Timespan)),
            ("/", Timespan(10), Real(4.0), Timespan(3)),
            ("/", Datetime(10), Timespan(4), Real(2.5)),
            ("/", json("7"), json("2"), json("3")),
            ("/", json("7"), json("0"), Null(KqlType::Dynamic)),
            ("%", Long(-7), Long(3), Long(2)),
            ("%", Long(-7), Long(-3), Long(2)),
            ("%", Long(7), Long(0), Null(KqlType::Long)),
            ("%", Long(i64::MIN), Long(-1), Long(0)),
            ("%", Real(-7.5), Long(2), Real(0.5)),
            ("%", Long(7), Real(2.5), Real(2.0)),
            ("%", decimal("-7.5"), Long(2), decimal("0.5")),
            ("%", Datetime(10), Timespan(4), Timespan(2)),
            ("%", Timespan(-1), Timespan(4), Timespan(3)),
            ("%", json("-1"), json("4"), json("3")),
        ];
        for (operator, left, right, result) in cases {
            let returns = FUNCTIONS.scalar(operator).and_then(|(function, _)| function.returns);
            let returns = returns.map(|returns| returns(&[left.ktype(), right.ktype()]));
            assert_eq!(returns, Some(result.ktype()), "{left:?} {operator} {right:?}");
            let found = call(operator, result.ktype(), &[left.clone(), right.clone()]);
            assert_eq!(found, Ok(result), "{left:?} {operator} {right:?}");
        }
    }

    #[test]
    fn two_datetimes_are_not_added() {
        let found = call("+", KqlType::Datetime, &[Value::Datetime(1), Value::Datetime(1)]);
        assert!(found.is_err_and(|error| error.0.starts_with("two datetimes cannot be added")));
    }

    #[test]
    fn a_divisor_of_zero_in_a_column_is_null_in_its_row_only() {
        use crate::args::{Arg, Args, CallContext, array_of, value_at};
        let column = |values: &[i64], constant: bool| Arg {
            array: array_of(KqlType::Long, values.iter().copied().map(Value::Long)),
            ktype: KqlType::Long,
            constant,
        };
        let (ctx, null) = (CallContext::default(), Value::Null(KqlType::Long));
        for (left, right, expected) in [
            (column(&[7, 8, -9], false), column(&[2, 0, 2], false), [Value::Long(3), null.clone(), Value::Long(-4)]),
            (column(&[7, 8, -9], false), column(&[2], true), [Value::Long(3), Value::Long(4), Value::Long(-4)]),
            (column(&[7], true), column(&[2, 0, 7], false), [Value::Long(3), null.clone(), Value::Long(1)]),
            (column(&[7], true), column(&[0], true), [null.clone(), null.clone(), null.clone()]),
        ] {
            let args = [left, right];
            let found =
                super::eval(super::Operator::Divide, &Args { args: &args, rows: 3, returns: KqlType::Long, ctx: &ctx });
            for (row, expected) in expected.into_iter().enumerate() {
                assert_eq!(found.clone().map(|array| value_at(&array, KqlType::Long, row)), Ok(expected));
            }
        }
    }
}
