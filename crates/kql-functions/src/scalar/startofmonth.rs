use super::prelude::*;
use crate::kernels::calendar::{Period, shifted};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "startofmonth",
    signatures: &["(date: datetime, offset?: long) -> datetime"],
    summary: "The start of the month that a date lies in, or of the one `offset` months later. Null where no datetime can hold it.",
    examples: &[("print startofmonth(datetime(2017-01-01 10:10:17))", "2017-01-01T00:00:00.0000000Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    shifted(args, |date, offset| Period::Month.start(date, offset))
}
