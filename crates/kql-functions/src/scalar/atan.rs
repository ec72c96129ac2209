use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "atan",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The angle in radians whose tangent is the number.",
    examples: &[("print atan(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::atan)
}
