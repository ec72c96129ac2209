use super::prelude::*;
use crate::kernels::real_test;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isnan",
    signatures: &["(number: real) -> bool"],
    summary: "Whether a real is not a number (NaN); null for null.",
    examples: &[("print isnan(0.0 / 0.0)", "true"), ("print isnan(1.5)", "false")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_test(args, f64::is_nan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_stays_null() {
        assert_eq!(crate::call("isnan", KqlType::Bool, &[Value::Null(KqlType::Real)]), Ok(Value::Null(KqlType::Bool)));
        assert_eq!(crate::call("isnan", KqlType::Bool, &[Value::Real(1.0)]), Ok(Value::Bool(false)));
    }
}
