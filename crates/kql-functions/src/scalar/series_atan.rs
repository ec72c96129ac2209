use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_atan",
    signatures: series::UNARY,
    summary: "The angle in radians whose tangent is each element of a series. An element that is null or no number gives null.",
    examples: &[("print series_atan(dynamic([-1,0,1]))", "[-0.7853981633974483,0.0,0.7853981633974483]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::atan))),
    ..ScalarFunction::DEFAULT
};
