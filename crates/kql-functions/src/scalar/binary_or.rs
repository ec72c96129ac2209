use super::prelude::*;
use crate::kernels::long_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_or",
    signatures: &["(value1: integer, value2: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that either whole number has.",
    examples: &[("print binary_or(5, 3)", "7")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    long_function(args, |l, r| Some(l | r))
}
