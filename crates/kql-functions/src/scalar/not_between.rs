use super::prelude::*;
use crate::kernels::{logic, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!between",
    signatures: &[
        "(value: number, low: number, high: number) -> bool",
        "(value: datetime, low: datetime, high: datetime) -> bool",
        "(value: datetime, low: datetime, high: timespan) -> bool",
        "(value: timespan, low: timespan, high: timespan) -> bool",
        "(value: number, low: dynamic, high: dynamic) -> bool",
        "(value: dynamic, low: number, high: number) -> bool",
    ],
    summary: "Whether a value is outside a range, whose ends are inside it.",
    examples: &[("print 5 !between (1 .. 5)", "false"), ("print 6 !between (1 .. 5)", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let inside = super::between::between(&args.args[0], &args.args[1], &args.args[2])?;
    spread(Arc::new(logic::not(&inside)?.array), args.rows)
}
