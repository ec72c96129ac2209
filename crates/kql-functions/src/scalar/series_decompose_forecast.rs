use super::prelude::*;
use crate::series;
use crate::series::decompose::{MethodArgs, Trend, decompose};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_decompose_forecast",
    signatures: &[
        "(series: array, test_points: integer, period?: integer, trend?: string, seasonality_threshold?: number) -> dynamic",
    ],
    summary: "A series predicted over its last test_points elements, which take no part in the learning; in columns as by `series_decompose()`: the first, the baseline, is the forecast. Seasonality is a number of elements, -1 to detect it (the default, with a score of seasonality_threshold, 0.6) or 0 for none. Trend is `linefit` (the default), `avg` or `none`.",
    examples: &[(
        "print s=dynamic([1,2,3,4,5,6,0,0]) | project series_decompose_forecast(s, 2, 0)",
        "[1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0]",
    )],
    tuple: &[
        ("series_decompose_forecast_{0}_baseline", KqlType::Dynamic),
        ("series_decompose_forecast_{0}_seasonal", KqlType::Dynamic),
        ("series_decompose_forecast_{0}_trend", KqlType::Dynamic),
        ("series_decompose_forecast_{0}_residual", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    // The page's table says that `avg` is the default; its example and chart follow the trend without asking for it.
    let method =
        MethodArgs { test_points: 1, season: 2, trend: 3, threshold: 4, default_trend: Trend::Line }.read(args)?;
    Ok(series::per_series(args, |row, values| Some(decompose(&values, method(row)).tuple())))
}
