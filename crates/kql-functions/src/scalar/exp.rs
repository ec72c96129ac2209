use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "exp",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "e to the power of the number.",
    examples: &[("print exp(0)", "1.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::exp)
}
