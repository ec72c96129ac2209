use super::prelude::*;
use crate::series;
use crate::series::fit::line;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fit_line_dynamic",
    signatures: &["(series: array) -> dynamic"],
    summary: "The line that fits a series best, in a property bag: `rsquare`, `slope`, `variance`, `rvariance`, `interception`, and the line itself in `line_fit`. Positions count from 1; elements that are no number take no part. Null when there is no number.",
    examples: &[("print series_fit_line_dynamic(dynamic([2,4,6])).slope", "2.0")],
    body: Body::Eval(|args| Ok(series::per_series(args, |_, values| Some(line(&values)?.bag())))),
    ..ScalarFunction::DEFAULT
};
