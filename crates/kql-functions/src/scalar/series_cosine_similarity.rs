use super::prelude::*;
use crate::series;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_cosine_similarity",
    signatures: &["(series1: array, series2: array, series1_magnitude?: real, series2_magnitude?: real) -> real"],
    summary: "The cosine of the angle between two series seen as vectors: their dot product over the product of their magnitudes, which may be given to save the work. The longer series is cut to the length of the shorter, and elements that are no number are left out; null when an argument is no array, NaN when a magnitude is 0.",
    examples: &[("print series_cosine_similarity(dynamic([3,4]), dynamic([4,3]))", "0.96")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let given = [args.opt(2).map(|arg| arg.reals()), args.opt(3).map(|arg| arg.reals())];
    let magnitude = |i: usize, row: usize| given.get(i).and_then(Option::as_ref).and_then(|numbers| numbers.get(row));
    Ok(series::reduce_pairs(args, |row, pairs| {
        let (mut dot, mut first, mut second) = (0.0, 0.0, 0.0);
        for (a, b) in pairs {
            dot += a * b;
            first += a * a;
            second += b * b;
        }
        Some(
            dot / (magnitude(0, row).unwrap_or_else(|| first.sqrt())
                * magnitude(1, row).unwrap_or_else(|| second.sqrt())),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarities_of_the_reference() {
        let json = |text: &str| Value::Dynamic(Dynamic::parse(text).unwrap_or(Dynamic::Null));
        for (a, b, expected) in [
            ("[0.1,0.2,0.1,0.2]", "[0.11,0.2,0.11,0.21]", 0.99935343825504),
            ("[0.1,0.2,0.1,0.2]", "[1,2,3,4]", 0.923760430703401),
        ] {
            let Ok(Value::Real(found)) = crate::call("series_cosine_similarity", KqlType::Real, &[json(a), json(b)])
            else {
                panic!("no real")
            };
            assert!((found - expected).abs() < 1e-12, "{found}");
        }
        let given = [json("[3,4]"), json("[4,3,9]"), Value::Real(1.0), Value::Real(2.0)];
        assert_eq!(crate::call("series_cosine_similarity", KqlType::Real, &given), Ok(Value::Real(12.0)));
    }
}
