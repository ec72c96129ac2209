use super::prelude::*;
use crate::kernels::choose::{self, Extreme};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "max_of",
    signatures: &["(arg: commonorderable, others+: commonorderable) -> common"],
    summary: "The greatest of the arguments. Nulls are passed over; NaN is taken before every number.",
    examples: &[("print max_of(10, 1, -3, 17)", "17"), ("print max_of(int(null), 2)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    choose::extreme(Extreme::Greatest, args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one() {
        let text = |text: &str| Value::String(text.to_string());
        let cases = [
            (vec![Value::Int(1), Value::Long(2), Value::Real(1.5)], Value::Real(2.0)),
            (vec![Value::Int(1), Value::Null(KqlType::Int), Value::Int(3)], Value::Int(3)),
            (vec![Value::Null(KqlType::Int), Value::Null(KqlType::Int)], Value::Null(KqlType::Int)),
            (vec![text("b"), text("a")], text("b")),
            (vec![Value::Bool(true), Value::Bool(false)], Value::Bool(true)),
            (vec![Value::Datetime(5), Value::Datetime(7)], Value::Datetime(7)),
            (
                vec![Value::Decimal(number::DECIMAL_ONE), Value::Decimal(Default::default())],
                Value::Decimal(number::DECIMAL_ONE),
            ),
        ];
        for (args, result) in cases {
            assert_eq!(crate::call("max_of", result.ktype(), &args), Ok(result), "{args:?}");
        }
        let nan = crate::call("max_of", KqlType::Real, &[Value::Real(1.0), Value::Real(f64::NAN)]);
        assert!(matches!(nan, Ok(Value::Real(nan)) if nan.is_nan()));
    }
}
