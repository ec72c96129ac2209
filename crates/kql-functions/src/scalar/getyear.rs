use super::prelude::*;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "getyear",
    signatures: &["(date: datetime) -> int"],
    summary: "The year of a date.",
    examples: &[("print getyear(datetime(2015-10-12))", "2015")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, |date| ticks::civil(date).year)
}
