use super::prelude::*;
use crate::kernels::unix_time;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "unixtime_milliseconds_todatetime",
    signatures: &["(number: number) -> datetime"],
    summary: "The datetime that is so many milliseconds after 1970-01-01 (before it when negative). Null where no datetime can hold it.",
    examples: &[("print unixtime_milliseconds_todatetime(1546300800000)", "2019-01-01T00:00:00.0000000Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    unix_time(args, ticks::MILLISECOND, 1)
}
