use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "sqrt",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The square root of the number; NaN for a negative one.",
    examples: &[("print sqrt(16)", "4.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::sqrt)
}
