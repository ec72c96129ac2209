use super::prelude::*;
use crate::series;
use crate::series::decompose::{Season, THRESHOLD, seasonal};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_seasonal",
    signatures: &[
        "(series: array) -> dynamic",
        "(series: array, period: integer) -> dynamic",
        "(series: array, period: integer, test_points: integer) -> dynamic",
    ],
    summary: "The seasonal component of a series: for each element the median of the elements in the same phase. The period is detected (with a score of 0.6 or more) when it is not given or -1; without a period, or with any other number that is not positive, all are 0.",
    examples: &[
        ("print series_seasonal(dynamic([1,3,5,1,3,5,2,4,6]), 3)", "[1.0,3.0,5.0,1.0,3.0,5.0,1.0,3.0,5.0]"),
        (
            "print series_seasonal(dynamic([1,3,5,2,4,6,1,3,5,2,4,6]), 3)",
            "[1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5,1.5,3.5,5.5]",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

// The page says that a season needs a score of 0.7, yet its first example, whose second element breaks the pattern, is
// found to have one. The threshold of `series_decompose()` finds the seasons of all three examples.
fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (period, test_points) = (args.opt(1).map(|arg| arg.longs()), args.opt(2).map(|arg| arg.longs()));
    Ok(series::per_series(args, |row, values| {
        let period = period.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(-1);
        let test_points = test_points
            .as_ref()
            .and_then(|numbers| numbers.get(row))
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0);
        let seasonal = seasonal(&values, Season::of(period, THRESHOLD), test_points);
        Some(series::JsonArray::of_reals(seasonal.into_iter().map(Some)))
    }))
}
