use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_product",
    signatures: &["(series: array) -> real"],
    summary: "The product of the elements of a series. Elements that are no number are left out; null when the argument is no array.",
    examples: &[("print series_product(dynamic([1,2,3,4]))", "24.0")],
    body: Body::Eval(|args| Ok(series::reduce(args, 1.0, |product, value| product * value))),
    ..ScalarFunction::DEFAULT
};
