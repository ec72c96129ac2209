use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_tan",
    signatures: series::UNARY,
    summary: "The tangent of each element of a series, in radians. An element that is null or no number gives null.",
    examples: &[("print series_tan(dynamic([-1,0,1]))", "[-1.5574077246549023,0.0,1.5574077246549023]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::tan))),
    ..ScalarFunction::DEFAULT
};
