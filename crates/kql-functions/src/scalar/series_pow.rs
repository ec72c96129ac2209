use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_pow",
    signatures: series::BINARY,
    summary: "The first series raised to the power of the second, element by element, as reals. One of the two may be a number, which then stands for every element. An element that is no number, or that only one of the series has, gives null.",
    examples: &[("print series_pow(dynamic([1,2,3,4]), dynamic([1,2,3,0.5]))", "[1.0,4.0,27.0,2.0]")],
    body: Body::Eval(|args| Ok(series::zip_reals(args, f64::powf))),
    ..ScalarFunction::DEFAULT
};
