use super::prelude::*;
use crate::kernels::convert::timespans;
use crate::kernels::spread;
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ago",
    signatures: &["(timespan: timespan) -> datetime"],
    summary: "The time at which the query started, less a timespan.",
    examples: &[("print ago(1d) == now() - 1d", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let now = args.ctx.now;
    let column: Int64Array = timespans(&args.args[0]).map_opt(|span| now.checked_sub(span).and_then(ticks::in_range));
    spread(Arc::new(column), args.rows)
}
