use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_cos",
    signatures: series::UNARY,
    summary: "The cosine of each element of a series, in radians. An element that is null or no number gives null.",
    examples: &[("print series_cos(dynamic([-1,0,1]))", "[0.5403023058681398,1.0,0.5403023058681398]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::cos))),
    ..ScalarFunction::DEFAULT
};
