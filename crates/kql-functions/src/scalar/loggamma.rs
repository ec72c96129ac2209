use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "loggamma",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The natural logarithm of the absolute value of the gamma function.",
    examples: &[("print loggamma(1)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, libm::lgamma)
}
