use super::prelude::*;
use crate::kernels::calendar;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "dayofyear",
    signatures: &["(date: datetime) -> int"],
    summary: "The day of the year, 1 to 366.",
    examples: &[("print dayofyear(datetime(2015-12-14))", "348")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, calendar::day_of_year)
}
