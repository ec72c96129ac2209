use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "cot",
    signatures: &["(number: number) -> real"],
    summary: "The cotangent of an angle in radians.",
    examples: &[("print round(cot(1), 6)", "0.642093")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, |x| 1.0 / x.tan())
}
