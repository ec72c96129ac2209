use super::prelude::*;
use crate::kernels::{convert, spread, spread_decimals};
use arrow::array::{Float64Array, Int64Array};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "abs",
    signatures: &["(number: integer) -> long", "(number: number) -> same(0)", "(number: timespan) -> timespan"],
    naming: Naming::FirstArgument,
    summary: "The absolute value of a number or timespan. The least long wraps to itself.",
    examples: &[("print abs(-5)", "5"), ("print abs(-1h)", "01:00:00")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    match arg.ktype {
        KqlType::Real => {
            let column: Float64Array = convert::reals(arg).map(f64::abs);
            spread(Arc::new(column), args.rows)
        }
        KqlType::Decimal => spread_decimals(convert::decimals(arg).map(|value| value.wrapping_abs()), args.rows),
        _ => {
            let column: Int64Array = convert::longs(arg).map(i64::wrapping_abs);
            spread(Arc::new(column), args.rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_widen_and_the_least_long_wraps() {
        let cases = [
            (Value::Int(i32::MIN), Value::Long(2_147_483_648)),
            (Value::Long(i64::MIN), Value::Long(i64::MIN)),
            (Value::Real(-0.5), Value::Real(0.5)),
            (Value::Timespan(-7), Value::Timespan(7)),
            (Value::Decimal(number::DECIMAL_ONE.wrapping_neg()), Value::Decimal(number::DECIMAL_ONE)),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("abs", result.ktype(), &[value]), Ok(result));
        }
    }
}
