use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "%",
    signatures: &[
        "(left: number, right: number) -> custom",
        "(left: timespan, right: timespan) -> custom",
        "(left: timespan, right: number) -> custom",
        "(left: datetime, right: datetime) -> custom",
        "(left: datetime, right: timespan) -> custom",
        "(left: datetime, right: number) -> custom",
        "(left: dynamic, right: dynamic) -> custom",
        "(left: dynamic, right: number) -> custom",
        "(left: number, right: dynamic) -> custom",
    ],
    returns: Some(|types| arithmetic::returns(Operator::Modulo, types)),
    summary: "The remainder of a division, never negative and smaller than the divisor. Null when a whole number or a timespan is divided by zero.",
    examples: &[("print -14 % 12", "10"), ("print 14 % -12", "2"), ("print 1d % 5h", "04:00:00")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    arithmetic::eval(Operator::Modulo, args)
}
