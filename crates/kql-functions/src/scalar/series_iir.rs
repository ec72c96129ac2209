use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_iir",
    signatures: &["(series: array, numerators: array, denominators: array) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "An infinite impulse response filter over a series: each element becomes the sum of it and the elements before it, weighted by the numerators, less the results before it, weighted by the denominators from the second on; all divided by the first denominator. From an element that is no number on, what depends on it is null. Null when the first denominator is 0.",
    examples: &[("print series_iir(dynamic([0,1,2,3,4]), dynamic([1]), dynamic([1,-1]))", "[0.0,1.0,3.0,6.0,10.0]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (numerators, denominators) = (args.str(1), args.str(2));
    Ok(series::per_series(args, |row, values| {
        let coefficients = |text: Option<&str>| series::reals(text?)?.into_iter().collect::<Option<Vec<f64>>>();
        let (b, a) = (coefficients(numerators.opt(row))?, coefficients(denominators.opt(row))?);
        let (first, rest) = a.split_first().filter(|(first, _)| **first != 0.0)?;
        let mut filtered: Vec<f64> = Vec::with_capacity(values.len());
        for i in 0..values.len() {
            let mut sum = 0.0;
            for (back, coefficient) in b.iter().take(i + 1).enumerate() {
                sum += coefficient * values.get(i - back).copied().flatten().unwrap_or(f64::NAN);
            }
            for (result, coefficient) in filtered.iter().rev().zip(rest) {
                sum -= coefficient * result;
            }
            filtered.push(sum / first);
        }
        Some(series::JsonArray::of_reals(filtered.into_iter().map(|value| Some(value).filter(|value| !value.is_nan()))))
    }))
}
