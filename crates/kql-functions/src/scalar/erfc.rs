use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "erfc",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The complementary error function, 1 - erf(number).",
    examples: &[("print erfc(0)", "1.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, libm::erfc)
}
