use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{binary, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "atan2",
    signatures: &["(y: number, x: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The angle in radians between the x axis and the ray to the point (x, y).",
    examples: &[("print atan2(0, 1)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let column: Float64Array = binary(&reals(&args.args[0]), &reals(&args.args[1]), f64::atan2)?;
    spread(Arc::new(column), args.rows)
}
