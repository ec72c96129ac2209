use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "radians",
    signatures: &["(number: number) -> real"],
    summary: "An angle in degrees as radians.",
    examples: &[("print radians(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::to_radians)
}
