use super::prelude::*;
use crate::kernels::choose::{self, Extreme};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "min_of",
    signatures: &["(arg: commonorderable, others+: commonorderable) -> common"],
    summary: "The least of the arguments. Nulls are passed over; NaN is taken before every number.",
    examples: &[("print min_of(10, 1, -3, 17)", "-3"), ("print min_of(int(null), 2)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    choose::extreme(Extreme::Least, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one() {
        let text = |text: &str| Value::String(text.to_string());
        let cases = [
            (vec![Value::Int(1), Value::Long(2), Value::Real(1.5)], Value::Real(1.0)),
            (vec![Value::Int(1), Value::Null(KqlType::Int), Value::Int(3)], Value::Int(1)),
            (vec![Value::Null(KqlType::Int), Value::Null(KqlType::Int)], Value::Null(KqlType::Int)),
            (vec![text("b"), text("a")], text("a")),
            (vec![Value::Bool(true), Value::Bool(false)], Value::Bool(false)),
            (vec![Value::Datetime(5), Value::Datetime(7)], Value::Datetime(5)),
            (
                vec![Value::Decimal(number::DECIMAL_ONE), Value::Decimal(Default::default())],
                Value::Decimal(Default::default()),
            ),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("min_of", result.ktype(), &args), Ok(result), "{args:?}");
        }
        let nan = crate::call("min_of", KqlType::Real, &[Value::Real(1.0), Value::Real(f64::NAN)]);
        assert!(matches!(nan, Ok(Value::Real(nan)) if nan.is_nan()));
    }
}
