use super::prelude::*;
use crate::kernels::calendar::{Period, shifted};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "endofyear",
    signatures: &["(date: datetime, offset?: long) -> datetime"],
    summary: "The last tick of the year that a date lies in, or of the one `offset` years later. Null where no datetime can hold it.",
    examples: &[("print endofyear(datetime(2017-01-01 10:10:17))", "2017-12-31T23:59:59.9999999Z")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    shifted(args, |date, offset| Period::Year.end(date, offset))
}
