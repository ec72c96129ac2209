use super::prelude::*;
use crate::kernels::calendar::{Period, shifted};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "startofday",
    signatures: &["(date: datetime, offset?: long) -> datetime"],
    naming: Naming::FirstArgument,
    summary: "The start of the day that a date lies in, or of the one `offset` days later. Null where no datetime can hold it.",
    examples: &[("print startofday(datetime(2017-01-01 10:10:17))", "2017-01-01T00:00:00.0000000Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    shifted(args, |date, offset| Period::Day.start(date, offset))
}
