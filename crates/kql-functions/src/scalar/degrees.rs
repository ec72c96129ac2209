use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "degrees",
    signatures: &["(number: number) -> real"],
    summary: "An angle in radians as degrees.",
    examples: &[("print degrees(pi())", "180.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::to_degrees)
}
