use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "*",
    signatures: &[
        "(left: number, right: number) -> custom",
        "(left: timespan, right: timespan) -> custom",
        "(left: timespan, right: number) -> custom",
        "(left: number, right: timespan) -> custom",
        "(left: datetime, right: number) -> custom",
        "(left: number, right: datetime) -> custom",
        "(left: dynamic, right: dynamic) -> custom",
        "(left: dynamic, right: number) -> custom",
        "(left: number, right: dynamic) -> custom",
    ],
    returns: Some(|types| arithmetic::returns(Operator::Multiply, types)),
    summary: "Multiplies numbers, or a timespan by a number. Longs wrap, ints are widened to long.",
    examples: &[("print 3 * 4", "12"), ("print 1.5 * 1h", "01:30:00")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    arithmetic::eval(Operator::Multiply, args)
}
