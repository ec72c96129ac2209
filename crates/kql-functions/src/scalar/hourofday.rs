use super::prelude::*;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hourofday",
    signatures: &["(date: datetime) -> int"],
    summary: "The hour of the day, 0 to 23.",
    examples: &[("print hourofday(datetime(2015-12-14 18:54))", "18")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, |date| (date.rem_euclid(ticks::DAY) / ticks::HOUR) as i32)
}
