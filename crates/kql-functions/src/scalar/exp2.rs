use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "exp2",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "2 to the power of the number.",
    examples: &[("print exp2(3)", "8.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, f64::exp2)
}
