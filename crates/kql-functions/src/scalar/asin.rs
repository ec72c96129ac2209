use super::prelude::*;
use crate::kernels::real_function_opt;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "asin",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The angle in radians whose sine is the number; null where the number is below -1 or above 1.",
    examples: &[("print asin(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function_opt(args, |x| (-1.0..=1.0).contains(&x).then(|| x.asin()))
}
