use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_fir",
    signatures: &["(series: array, filter: array, normalize?: bool, center?: bool) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "A finite impulse response filter over a series: each element becomes the sum of it and the elements before it, weighted by the coefficients; elements before the first count as 0. With normalize the coefficients are divided by their sum (the default unless one is negative; a negative one then gives null). With center the weights lie around the element rather than before it. An element whose window holds one that is no number gives null.",
    examples: &[
        ("print series_fir(dynamic([0,0,10,0,0]), dynamic([1,1]))", "[0.0,0.0,5.0,5.0,0.0]"),
        ("print series_fir(dynamic([0,0,9,0,0]), dynamic([1,1,1]), true, true)", "[0.0,3.0,3.0,3.0,0.0]"),
        ("print series_fir(dynamic([0,0,2,2,3]), dynamic([1,-1]), false, false)", "[0.0,0.0,2.0,0.0,1.0]"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let filter = args.str(1);
    let (normalize, center) = (args.opt(2).map(|arg| arg.bools()), args.opt(3).map(|arg| arg.bools()));
    Ok(series::per_series(args, |row, values| {
        let mut filter = series::reals(filter.opt(row)?)?.into_iter().collect::<Option<Vec<f64>>>()?;
        let has_negative = filter.iter().any(|coefficient| *coefficient < 0.0);
        if normalize.as_ref().and_then(|bools| bools.get(row)).unwrap_or(!has_negative) {
            if has_negative {
                return None;
            }
            let sum: f64 = filter.iter().sum();
            filter.iter_mut().for_each(|coefficient| *coefficient /= sum);
        }
        let ahead = if center.as_ref().and_then(|bools| bools.get(row)).unwrap_or(false) {
            filter.len().saturating_sub(1) / 2
        } else {
            0
        };
        Some(series::JsonArray::of_reals((0..values.len()).map(|i| {
            let mut sum = 0.0;
            for (back, coefficient) in filter.iter().enumerate() {
                let Some(at) = (i + ahead).checked_sub(back) else { break };
                if let Some(value) = values.get(at) {
                    sum += coefficient * (*value)?;
                }
            }
            Some(sum).filter(|sum| !sum.is_nan())
        })))
    }))
}
