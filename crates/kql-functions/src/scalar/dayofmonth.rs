use super::prelude::*;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "dayofmonth",
    signatures: &["(date: datetime) -> int"],
    summary: "The day of the month, 1 to 31.",
    examples: &[("print dayofmonth(datetime(2015-12-14))", "14")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, |date| ticks::civil(date).day as i32)
}
