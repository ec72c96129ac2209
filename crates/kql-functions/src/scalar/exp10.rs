use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "exp10",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "10 to the power of the number.",
    examples: &[("print exp10(2)", "100.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, |x| 10f64.powf(x))
}
