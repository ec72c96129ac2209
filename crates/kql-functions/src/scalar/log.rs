use super::prelude::*;
use crate::kernels::real_function_opt;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "log",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The natural logarithm of the number; null for a negative one, minus infinity for zero.",
    examples: &[("print log(1)", "0.0"), ("print isnull(log(-1))", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function_opt(args, |x| (x.is_nan() || x >= 0.0).then(|| x.ln()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_have_none() {
        let cases =
            [(-1.0, Value::Null(KqlType::Real)), (0.0, Value::Real(f64::NEG_INFINITY)), (1.0, Value::Real(0.0))];
        for (number, result) in cases {
            assert_eq!(crate::call("log", KqlType::Real, &[Value::Real(number)]), Ok(result), "{number}");
        }
    }
}
