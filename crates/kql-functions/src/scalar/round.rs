use super::prelude::*;
use crate::kernels::{convert, spread, spread_decimals};
use arrow::array::{Float64Array, Int32Array, Int64Array};
use schema::number::Scaled;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "round",
    signatures: &["(number: number, precision?: constant long) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "The number rounded to so many digits after the point (none when left out; a negative precision rounds before the point), halves away from zero, in the type of the number.",
    examples: &[
        ("print round(2.98765, 3)", "2.988"),
        ("print round(2.5)", "3.0"),
        ("print round(-50.55, -2)", "-100.0"),
        ("print round(25, -1)", "30"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    let precision = match args.opt(1) {
        None => 0,
        Some(precision) => match convert::longs(precision).get(0) {
            Some(precision) => precision.clamp(-400, 400) as i32,
            None => return spread(arrow::array::new_null_array(&args.returns.arrow(), 1), args.rows),
        },
    };
    match arg.ktype {
        KqlType::Real => {
            let column: Float64Array = convert::reals(arg).map(|value| round_real(value, precision));
            spread(Arc::new(column), args.rows)
        }
        KqlType::Decimal => {
            spread_decimals(convert::decimals(arg).map_opt(|value| round_decimal(value, precision)), args.rows)
        }
        KqlType::Int => {
            let rounded = |value: i64| round_long(value, precision) as i32;
            let column: Int32Array = convert::longs(arg).map(rounded);
            spread(Arc::new(column), args.rows)
        }
        _ => {
            let column: Int64Array = convert::longs(arg).map(|value| round_long(value, precision));
            spread(Arc::new(column), args.rows)
        }
    }
}

fn round_real(value: f64, precision: i32) -> f64 {
    let scale = 10f64.powi(precision.abs());
    let rounded = if precision >= 0 { (value * scale).round() / scale } else { (value / scale).round() * scale };
    // Too many digits for the scale: the number has none to lose, or all.
    match rounded.is_finite() {
        true => rounded,
        false if precision >= 0 => value,
        false => 0.0,
    }
}

fn round_long(value: i64, precision: i32) -> i64 {
    if precision >= 0 {
        return value;
    }
    let Some(unit) = 10i128.checked_pow(precision.unsigned_abs()) else {
        return 0;
    };
    let value = i128::from(value);
    let up = if value < 0 { -unit / 2 } else { unit / 2 };
    ((value + up) / unit * unit) as i64
}

fn round_decimal(value: Scaled, precision: i32) -> Option<Scaled> {
    let digits = i32::from(schema::DECIMAL_SCALE) - precision;
    if digits <= 0 {
        return Some(value);
    }
    let ten = number::decimal_from_long(10).wrapping_div(number::DECIMAL_ONE);
    let Some(unit) = ten.checked_pow(digits.unsigned_abs()) else {
        return Some(Default::default());
    };
    let half = unit.wrapping_div(number::decimal_from_long(2).wrapping_div(number::DECIMAL_ONE));
    let up = if value < Default::default() { half.wrapping_neg() } else { half };
    Some(value.checked_add(up)?.wrapping_div(unit).wrapping_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        let decimal = |text: &str| number::parse_decimal(text).map_or(Value::Null(KqlType::Decimal), Value::Decimal);
        let cases = [
            (Value::Real(2.98765), 3, Value::Real(2.988)),
            (Value::Real(2.15), 1, Value::Real(2.2)),
            (Value::Real(-2.5), 0, Value::Real(-3.0)),
            (Value::Real(21.5), -1, Value::Real(20.0)),
            (Value::Real(-50.55), -2, Value::Real(-100.0)),
            (Value::Real(1.5), 400, Value::Real(1.5)),
            (Value::Real(1.5), -400, Value::Real(0.0)),
            (Value::Long(-25), -1, Value::Long(-30)),
            (Value::Long(24), 2, Value::Long(24)),
            (Value::Long(24), -400, Value::Long(0)),
            (Value::Int(15), -1, Value::Int(20)),
            (decimal("2.345"), 2, decimal("2.35")),
            (decimal("-1250"), -2, decimal("-1300")),
        ];
        for (value, precision, result) in cases {
            let found = crate::call("round", result.ktype(), &[value.clone(), Value::Long(precision)]);
            assert_eq!(found, Ok(result), "{value:?} {precision}");
        }
    }
}
