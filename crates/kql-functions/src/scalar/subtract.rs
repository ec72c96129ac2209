use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "-",
    signatures: &[
        "(left: number, right: number) -> custom",
        "(left: timespan, right: timespan) -> custom",
        "(left: datetime, right: datetime) -> custom",
        "(left: datetime, right: timespan) -> custom",
        "(left: timespan, right: datetime) -> custom",
        "(left: dynamic, right: dynamic) -> custom",
        "(left: dynamic, right: number) -> custom",
        "(left: number, right: dynamic) -> custom",
        "(left: dynamic, right: datetime) -> custom",
        "(left: dynamic, right: timespan) -> custom",
        "(left: datetime, right: dynamic) -> custom",
        "(left: timespan, right: dynamic) -> custom",
    ],
    returns: Some(|types| arithmetic::returns(Operator::Subtract, types)),
    summary: "Subtracts numbers, timespans, a timespan from a datetime, or two datetimes for the timespan between them. Longs wrap, ints are widened to long.",
    examples: &[("print 1 - 2", "-1"), ("print datetime(2020-01-02) - datetime(2020-01-01)", "1.00:00:00")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    arithmetic::eval(Operator::Subtract, args)
}
