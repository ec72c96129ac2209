use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_ceiling",
    signatures: series::UNARY,
    summary: "The smallest whole number not below each element of a series, as reals. An element that is null or no number gives null.",
    examples: &[("print series_ceiling(dynamic([-1.5,1,2.5]))", "[-1.0,1.0,3.0]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::ceil))),
    ..ScalarFunction::DEFAULT
};
