use super::prelude::*;
use crate::kernels::real_test;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isinf",
    signatures: &["(number: real) -> bool"],
    summary: "Whether a real is an infinity of either sign; null for null.",
    examples: &[("print isinf(1.0 / 0.0)", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_test(args, f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_stays_null() {
        assert_eq!(crate::call("isinf", KqlType::Bool, &[Value::Null(KqlType::Real)]), Ok(Value::Null(KqlType::Bool)));
        assert_eq!(crate::call("isinf", KqlType::Bool, &[Value::Real(1.0)]), Ok(Value::Bool(false)));
    }
}
