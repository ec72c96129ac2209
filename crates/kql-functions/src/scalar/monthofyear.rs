use super::prelude::*;
use crate::kernels::calendar::int_of_datetime;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "monthofyear",
    aliases: &["getmonth"],
    signatures: &["(date: datetime) -> int"],
    summary: "The month of the year, 1 to 12.",
    examples: &[("print monthofyear(datetime('2015-12-14'))", "12")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    int_of_datetime(args, |date| ticks::civil(date).month as i32)
}
