use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_log",
    signatures: series::UNARY,
    summary: "The natural logarithm of each element of a series, as reals. An element that is null or no number gives null.",
    examples: &[("print series_log(dynamic([1,2,3]))", "[0.0,0.6931471805599453,1.0986122886681098]")],
    body: Body::Eval(|args| Ok(series::map_reals(args, f64::ln))),
    ..ScalarFunction::DEFAULT
};
