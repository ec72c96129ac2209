use super::prelude::*;
use crate::kernels::convert::longs;
use crate::kernels::spread;
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_not",
    signatures: &["(value: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits of a whole number turned around.",
    examples: &[("print binary_not(100)", "-101")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let column: Int64Array = longs(&args.args[0]).map(|value| !value);
    spread(Arc::new(column), args.rows)
}
