use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{binary, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "pow",
    signatures: &["(base: number, exponent: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "A number raised to the power of another; NaN where there is no real result.",
    examples: &[("print pow(2, 3)", "8.0"), ("print pow(2, -1)", "0.5")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let column: Float64Array = binary(&reals(&args.args[0]), &reals(&args.args[1]), f64::powf)?;
    spread(Arc::new(column), args.rows)
}
