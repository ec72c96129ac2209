use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_exp",
    signatures: series::UNARY,
    summary: "e raised to each element of a series, as reals. An element that is null or no number gives null.",
    examples: &[("print series_exp(dynamic([1,2,3]))", "[2.718281828459045,7.38905609893065,20.085536923187668]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::exp))),
    ..ScalarFunction::DEFAULT
};
