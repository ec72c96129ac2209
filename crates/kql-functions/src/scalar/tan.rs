use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tan",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The tangent of an angle in radians.",
    examples: &[("print tan(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::tan)
}
