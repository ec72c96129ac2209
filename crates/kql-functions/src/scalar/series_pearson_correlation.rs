use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_pearson_correlation",
    signatures: &["(series1: array, series2: array) -> real"],
    summary: "Pearson's correlation coefficient of two series, from -1 to 1; NaN when one of them does not vary. Null when the series differ in length or an element is no number.",
    examples: &[
        ("print series_pearson_correlation(dynamic([1,2,3,4,5]), dynamic([2,4,6,8,10]))", "1.0"),
        ("print series_pearson_correlation(dynamic([1,2,3]), dynamic([1,2]))", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (first, second) = (args.str(0), args.str(1));
    Ok(args.reals(|row| {
        let (a, b) = (series::reals(first.opt(row)?)?, series::reals(second.opt(row)?)?);
        if a.len() != b.len() || a.is_empty() {
            return None;
        }
        let pairs = a.iter().zip(&b).map(|(a, b)| Some(((*a)?, (*b)?))).collect::<Option<Vec<(f64, f64)>>>()?;
        let n = pairs.len() as f64;
        let (a_mean, b_mean) =
            (pairs.iter().map(|(a, _)| a).sum::<f64>() / n, pairs.iter().map(|(_, b)| b).sum::<f64>() / n);
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (a, b) in pairs {
            ab += (a - a_mean) * (b - b_mean);
            aa += (a - a_mean) * (a - a_mean);
            bb += (b - b_mean) * (b - b_mean);
        }
        Some(ab / (aa * bb).sqrt())
    }))
}
