use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_acos",
    signatures: series::UNARY,
    summary: "The angle in radians whose cosine is each element of a series; NaN where there is none. An element that is null or no number gives null.",
    examples: &[("print series_acos(dynamic([-1,0,1]))", "[3.141592653589793,1.5707963267948966,0.0]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::acos))),
    ..ScalarFunction::DEFAULT
};
