use super::prelude::*;
use crate::kernels::convert::longs;
use crate::kernels::spread;
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bitset_count_ones",
    signatures: &["(value: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The number of bits set in a whole number.",
    examples: &[("print bitset_count_ones(42)", "3")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let column: Int64Array = longs(&args.args[0]).map(|value| i64::from(value.count_ones()));
    spread(Arc::new(column), args.rows)
}
