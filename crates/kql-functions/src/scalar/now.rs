use super::prelude::*;
use crate::kernels::convert::timespans;
use crate::kernels::spread;
use arrow::array::Int64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "now",
    signatures: &["(offset?: timespan) -> datetime"],
    summary: "The time at which the query started, moved by `offset`. The same everywhere in a query.",
    examples: &[("print now() == now()", "true"), ("print now(-1d) == now() - 1d", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let now = args.ctx.now;
    let column: Int64Array = match args.opt(0) {
        None => Int64Array::from_value(now, 1),
        Some(offset) => timespans(offset).map_opt(|offset| now.checked_add(offset).and_then(ticks::in_range)),
    };
    spread(Arc::new(column), args.rows)
}
