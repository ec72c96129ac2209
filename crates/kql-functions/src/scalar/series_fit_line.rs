use super::prelude::*;
use crate::series;
use crate::series::fit::line;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fit_line",
    signatures: &["(series: array) -> dynamic"],
    summary: "The line that fits a series best, in columns: share of the variance it explains, slope, variance, residual variance, interception, and the line itself. Positions count from 1; elements that are no number take no part. Null when there is no number.",
    examples: &[
        ("print y=dynamic([2,4,6]) | project series_fit_line(y)", "1.0"),
        ("print (rsquare, slope)=series_fit_line(dynamic([2,4,6])) | project slope", "2.0"),
    ],
    tuple: &[
        ("series_fit_line_{0}_rsquare", KqlType::Real),
        ("series_fit_line_{0}_slope", KqlType::Real),
        ("series_fit_line_{0}_variance", KqlType::Real),
        ("series_fit_line_{0}_rvariance", KqlType::Real),
        ("series_fit_line_{0}_interception", KqlType::Real),
        ("series_fit_line_{0}_line_fit", KqlType::Dynamic),
    ],
    body: Body::Eval(|args| Ok(series::per_series(args, |_, values| Some(line(&values)?.tuple())))),
    ..ScalarFunction::DEFAULT
};
