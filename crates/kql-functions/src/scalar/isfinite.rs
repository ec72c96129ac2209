use super::prelude::*;
use crate::kernels::real_test;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isfinite",
    signatures: &["(number: real) -> bool"],
    summary: "Whether a real is neither an infinity nor NaN; null for null.",
    examples: &[("print isfinite(1.5)", "true"), ("print isfinite(1.0 / 0.0)", "false")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_test(args, f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_stays_null() {
        assert_eq!(
            crate::call("isfinite", KqlType::Bool, &[Value::Null(KqlType::Real)]),
            Ok(Value::Null(KqlType::Bool))
        );
        assert_eq!(crate::call("isfinite", KqlType::Bool, &[Value::Real(1.0)]), Ok(Value::Bool(true)));
    }
}
