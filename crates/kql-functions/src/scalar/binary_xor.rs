use super::prelude::*;
use crate::kernels::long_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_xor",
    signatures: &["(value1: integer, value2: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that only one of two whole numbers has.",
    examples: &[("print binary_xor(1, 2)", "3")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    long_function(args, |l, r| Some(l ^ r))
}
