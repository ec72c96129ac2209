use super::prelude::*;
use crate::kernels::arithmetic::{self, Operator};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "/",
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
    returns: Some(|types| arithmetic::returns(Operator::Divide, types)),
    summary: "Divides numbers, a timespan by a number, or two timespans for their quotient as a real. Whole numbers give a whole number, cut towards zero, and null when divided by zero; reals give infinities and NaN.",
    examples: &[
        ("print 7 / 2", "3"),
        ("print 7 / 2.0", "3.5"),
        ("print isnull(1 / 0)", "true"),
        ("print 1d / 5h", "4.8"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    arithmetic::eval(Operator::Divide, args)
}
