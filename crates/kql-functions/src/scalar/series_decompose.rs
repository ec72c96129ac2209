use super::prelude::*;
use crate::series;
use crate::series::decompose::{MethodArgs, Trend, decompose};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_decompose",
    signatures: &[
        "(series: array, period?: integer, trend?: string, test_points?: integer, seasonality_threshold?: number) -> dynamic",
    ],
    summary: "A series taken apart, in columns: baseline (seasonal and trend), seasonal component (median of each phase), trend, and residual. Trend is `avg` (the default), `linefit` or `none`. Seasonality is a number of elements, -1 to detect it (the default, with a score of seasonality_threshold, 0.6) or 0 for none. The last test_points elements take no part in the learning.",
    examples: &[(
        "print s=dynamic([1,3,1,3,1,3,1,3]) | project series_decompose(s, 2)",
        "[1.0,3.0,1.0,3.0,1.0,3.0,1.0,3.0]",
    )],
    tuple: &[
        ("series_decompose_{0}_baseline", KqlType::Dynamic),
        ("series_decompose_{0}_seasonal", KqlType::Dynamic),
        ("series_decompose_{0}_trend", KqlType::Dynamic),
        ("series_decompose_{0}_residual", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let method =
        MethodArgs { season: 1, trend: 2, test_points: 3, threshold: 4, default_trend: Trend::Average }.read(args)?;
    Ok(series::per_series(args, |row, values| Some(decompose(&values, method(row)).tuple())))
}
