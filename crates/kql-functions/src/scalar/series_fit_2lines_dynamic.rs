use super::prelude::*;
use crate::series;
use crate::series::fit::two_lines;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fit_2lines_dynamic",
    signatures: &["(series: array) -> dynamic"],
    summary: "The two lines that fit a series best, one before and one from the element split_idx on, in a property bag: `rsquare`, `split_idx`, `variance`, `rvariance`, `line_fit`, and in `right` and `left` a bag with `rsquare`, `slope`, `variance`, `rvariance` and `interception` of that part. Elements that are no number take no part. Null when there are fewer than two numbers.",
    examples: &[("print series_fit_2lines_dynamic(dynamic([1,2,3,4,9,8,7,6])).right.slope", "-1.0")],
    body: Body::Eval(|args| Ok(series::per_series(args, |_, values| Some(two_lines(&values)?.bag())))),
    ..ScalarFunction::DEFAULT
};
