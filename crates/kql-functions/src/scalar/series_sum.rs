use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_sum",
    signatures: &["(series: array) -> real"],
    summary: "The sum of the elements of a series. Elements that are no number are left out; null when the argument is no array.",
    examples: &[("print series_sum(dynamic([1,2,3,4]))", "10.0")],
    body: Body::Eval(|args| Ok(series::reduce(args, 0.0, |sum, value| sum + value))),
    ..ScalarFunction::DEFAULT
};
