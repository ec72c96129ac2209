use super::prelude::*;
use crate::series::periods::Periods;
use crate::series::{self, Tuple};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_periods_detect",
    signatures: &["(series: array, min_period: number, max_period: number, num_periods: long) -> dynamic"],
    summary: "The most significant periods of a series between two bounds and their scores from 0 to 1, in two columns; each is an array of num_periods elements, best first, with zeros where no further period is found. A period has at least 4 elements and at most half of the series.",
    examples: &[(
        "print y=dynamic([8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]) | project series_periods_detect(y, 0, 50, 2)",
        "[5.0,0.0]",
    )],
    tuple: &[
        ("series_periods_detect_{0}_periods", KqlType::Dynamic),
        ("series_periods_detect_{0}_scores", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

/// More periods than this are not asked for in earnest, and the arrays would only hold zeros.
const PERIODS_MAX: i64 = 10_000;

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (min, max, count) = (args.real(1), args.real(2), args.long(3));
    Ok(series::per_series(args, |row, values| {
        let count = count.get(row)?.clamp(0, PERIODS_MAX) as usize;
        let mut found = Periods::new(&values).detect(min.get(row)?, max.get(row)?, count);
        found.resize(count, (0, 0.0));
        let (periods, scores): (Vec<f64>, Vec<f64>) =
            found.into_iter().map(|(period, score)| (period as f64, score)).unzip();
        Some(Tuple::default().reals(&periods).reals(&scores).finish())
    }))
}
