use super::prelude::*;
use crate::series;
use crate::series::fit::two_lines;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fit_2lines",
    signatures: &["(array: array) -> dynamic"],
    summary: "The two lines that fit a series best, one before and one from the element split_idx on, in columns: share of the variance that they explain, index of the break, variance, residual variance, the lines themselves, and what `series_fit_line()` says of the right and of the left part. Elements that are no number take no part. Null when there are fewer than two numbers.",
    examples: &[("print (rsquare, split_idx)=series_fit_2lines(dynamic([1,2,3,4,9,8,7,6])) | project split_idx", "4")],
    tuple: &[
        ("series_fit_2lines_{0}_rsquare", KqlType::Real),
        ("series_fit_2lines_{0}_split_idx", KqlType::Long),
        ("series_fit_2lines_{0}_variance", KqlType::Real),
        ("series_fit_2lines_{0}_rvariance", KqlType::Real),
        ("series_fit_2lines_{0}_line_fit", KqlType::Dynamic),
        ("series_fit_2lines_{0}_right_rsquare", KqlType::Real),
        ("series_fit_2lines_{0}_right_slope", KqlType::Real),
        ("series_fit_2lines_{0}_right_interception", KqlType::Real),
        ("series_fit_2lines_{0}_right_variance", KqlType::Real),
        ("series_fit_2lines_{0}_right_rvariance", KqlType::Real),
        ("series_fit_2lines_{0}_left_rsquare", KqlType::Real),
        ("series_fit_2lines_{0}_left_slope", KqlType::Real),
        ("series_fit_2lines_{0}_left_interception", KqlType::Real),
        ("series_fit_2lines_{0}_left_variance", KqlType::Real),
        ("series_fit_2lines_{0}_left_rvariance", KqlType::Real),
    ],
    body: Body::Eval(|args| Ok(series::per_series(args, |_, values| Some(two_lines(&values)?.tuple())))),
    ..ScalarFunction::DEFAULT
};
