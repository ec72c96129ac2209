use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_magnitude",
    signatures: &["(series: array) -> real"],
    summary: "The length of a series seen as a vector: the square root of the sum of its squares. Elements that are no number are left out; null when the argument is no array.",
    examples: &[
        ("print series_magnitude(dynamic([1,2,3,4]))", "5.477225575051661"),
        (r#"print series_magnitude(dynamic([3,"x",4]))"#, "5.0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let series = args.str(0);
    Ok(args.reals(|row| {
        let values = series::reals(series.opt(row)?)?;
        Some(values.iter().flatten().map(|value| value * value).sum::<f64>().sqrt())
    }))
}
