use super::prelude::*;
use crate::kernels::{convert, spread, spread_decimals, whole};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ceiling",
    signatures: &["(number: number) -> same(0)"],
    naming: Naming::FirstArgument,
    summary: "The least whole number that is not below the number, in the type of the number.",
    examples: &[("print ceiling(-1.1)", "-1.0"), ("print ceiling(0.9)", "1.0"), ("print ceiling(3)", "3")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let arg = &args.args[0];
    match arg.ktype {
        KqlType::Real => {
            let column: Float64Array = convert::reals(arg).map(f64::ceil);
            spread(Arc::new(column), args.rows)
        }
        KqlType::Decimal => {
            // The ceiling is the floor of the negative, turned around.
            let up = |value: schema::number::Scaled| {
                Some(number::decimal_bin(value.wrapping_neg(), number::DECIMAL_ONE)?.wrapping_neg())
            };
            spread_decimals(convert::decimals(arg).map_opt(up), args.rows)
        }
        _ => whole(arg, args.rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_keeps_its_own() {
        let decimal = |text: &str| number::parse_decimal(text).map_or(Value::Null(KqlType::Decimal), Value::Decimal);
        let cases = [
            (Value::Real(1.5), Value::Real(2.0)),
            (Value::Int(7), Value::Int(7)),
            (decimal("1.1"), decimal("2")),
            (decimal("-1.1"), decimal("-1")),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("ceiling", result.ktype(), &[value]), Ok(result));
        }
    }
}
