use super::prelude::*;
use crate::kernels::real_function_opt;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "log10",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The base 10 logarithm of the number; null for a negative one, minus infinity for zero.",
    examples: &[("print log10(1000)", "3.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function_opt(args, |x| (x.is_nan() || x >= 0.0).then(|| x.log10()))
}
