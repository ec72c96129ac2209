use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "erf",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The error function of the number.",
    examples: &[("print erf(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, libm::erf)
}
