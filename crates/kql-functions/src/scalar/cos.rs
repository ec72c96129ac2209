use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "cos",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The cosine of an angle in radians.",
    examples: &[("print cos(0)", "1.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::cos)
}
