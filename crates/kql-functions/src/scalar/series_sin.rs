use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_sin",
    signatures: series::UNARY,
    summary: "The sine of each element of a series, in radians. An element that is null or no number gives null.",
    examples: &[("print series_sin(dynamic([-1,0,1]))", "[-0.8414709848078965,0.0,0.8414709848078965]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::sin))),
    ..ScalarFunction::DEFAULT
};
