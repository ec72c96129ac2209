use super::prelude::*;
use crate::kernels::compare::{self, Comparison};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: ">=",
    signatures: &[
        "(left: number|bool, right: number|bool) -> bool",
        "(left: datetime, right: datetime) -> bool",
        "(left: timespan, right: timespan) -> bool",
        "(left: dynamic, right: dynamic) -> bool",
        "(left: dynamic, right: number) -> bool",
        "(left: number, right: dynamic) -> bool",
    ],
    summary: "Whether the left number, datetime or timespan is at least the right one; null where a side is null, false beside NaN.",
    examples: &[("print 2 >= 2", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    compare::eval(Comparison::GreaterOrEqual, args)
}
