use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_divide",
    signatures: series::BINARY,
    summary: "The quotient of two series, element by element, as reals; division by zero gives an infinity or NaN. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null.",
    examples: &[("print series_divide(dynamic([1,2,4]), dynamic([4,2,1]))", "[0.25,1.0,4.0]")],
    body: Body::Eval(|args| Ok(series::zip_reals(args, |a, b| a / b))),
    ..ScalarFunction::DEFAULT
};
