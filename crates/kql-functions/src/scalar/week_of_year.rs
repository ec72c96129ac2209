use super::prelude::*;
use crate::kernels::calendar;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "week_of_year",
    aliases: &["weekofyear"],
    signatures: &["(date: datetime) -> int"],
    summary: "The number of the week by ISO 8601: weeks begin on Mondays, and the first is the one with the first Thursday.",
    examples: &[("print week_of_year(datetime(2020-12-31))", "53"), ("print week_of_year(datetime(2000-01-01))", "52")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, calendar::week_of_year)
}
