use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_floor",
    signatures: series::UNARY,
    summary: "The largest whole number not above each element of a series, as reals. An element that is null or no number gives null.",
    examples: &[("print series_floor(dynamic([-1.5,1,2.5]))", "[-2.0,1.0,2.0]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::floor))),
    ..ScalarFunction::DEFAULT
};
