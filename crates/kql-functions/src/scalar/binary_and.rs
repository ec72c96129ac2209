use super::prelude::*;
use crate::kernels::long_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_and",
    signatures: &["(value1: integer, value2: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that both whole numbers have.",
    examples: &[("print binary_and(6, 3)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    long_function(args, |l, r| Some(l & r))
}
