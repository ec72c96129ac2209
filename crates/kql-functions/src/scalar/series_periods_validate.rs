use super::prelude::*;
use crate::series::periods::Periods;
use crate::series::{self, Tuple};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_periods_validate",
    signatures: &["(series: array, period+: number) -> dynamic"],
    summary: "How well a series repeats after each of the given periods, in two columns: the periods as given, and their scores from 0 to 1. A period shorter than 4 elements or longer than half of the series scores 0.",
    examples: &[(
        "print y=dynamic([8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]) | project series_periods_validate(y, 5, 6)",
        "[5.0,6.0]",
    )],
    tuple: &[
        ("series_periods_validate_{0}_periods", KqlType::Dynamic),
        ("series_periods_validate_{0}_scores", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let asked: Vec<_> = (1..args.len()).map(|i| args.real(i)).collect();
    if asked.len() > 16 {
        return Err(EvalError::new("`series_periods_validate` takes at most 16 periods"));
    }
    Ok(series::per_series(args, |row, values| {
        let found = Periods::new(&values);
        let periods: Vec<f64> = asked.iter().map(|numbers| numbers.get(row).unwrap_or(0.0)).collect();
        let scores: Vec<f64> = periods.iter().map(|period| found.score(period.round().max(0.0) as usize)).collect();
        Some(Tuple::default().reals(&periods).reals(&scores).finish())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_that_is_none_scores_nothing() {
        let series = Value::Dynamic(
            Dynamic::parse("[8,12,14,12,10,10,12,14,12,10,10,12,14,12,10,10,12,14,12,10]").unwrap_or(Dynamic::Null),
        );
        let args = [series, Value::Long(5), Value::Real(6.0), Value::Real(-3.5), Value::Real(f64::MAX)];
        let Ok(Value::Dynamic(tuple)) = crate::call("series_periods_validate", KqlType::Dynamic, &args) else {
            panic!("no tuple")
        };
        let scores = raw::element(&tuple.to_json(), 1)
            .map(|scores| raw::items(scores).map(|s| s.parse().unwrap_or(f64::NAN)).collect::<Vec<f64>>());
        assert!(matches!(scores.as_deref(), Some([score, 0.0, 0.0, 0.0]) if *score > 0.7), "{scores:?}");
    }
}
