use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "+",
    signatures: &[
        "(left: number, right: number) -> custom",
        "(left: timespan, right: timespan) -> custom",
        "(left: datetime, right: timespan) -> custom",
        "(left: timespan, right: datetime) -> custom",
        "(left: datetime, right: datetime) -> custom",
        "(left: dynamic, right: dynamic) -> custom",
        "(left: dynamic, right: number) -> custom",
        "(left: number, right: dynamic) -> custom",
        "(left: dynamic, right: datetime) -> custom",
        "(left: dynamic, right: timespan) -> custom",
        "(left: datetime, right: dynamic) -> custom",
        "(left: timespan, right: dynamic) -> custom",
    ],
    returns: Some(|types| arithmetic::returns(Operator::Add, types)),
    summary: "Adds numbers, timespans, or a timespan to a datetime. Longs wrap, ints are widened to long; null where a side is null and where no datetime can hold the result.",
    examples: &[("print 1 + 2", "3"), ("print datetime(2020-01-01) + 1d", "2020-01-02T00:00:00.0000000Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    arithmetic::eval(Operator::Add, args)
}
