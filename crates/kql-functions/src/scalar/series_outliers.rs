use super::prelude::*;
use crate::series;
use crate::series::outliers::{self, Fences};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_outliers",
    signatures: &[
        "(series: array, kind?: string, ignore_val?: number) -> same(0)",
        "(series: array, kind: string, ignore_val: real, min_percentile: number, max_percentile?: number, test_points?: integer) -> same(0)",
    ],
    naming: Naming::FirstArgument,
    summary: "How far each element of a series lies outside the bulk, by Tukey's test: 0 inside, above 1.5 an anomalous rise, below -1.5 an anomalous decline. The bulk lies between the 10th and the 90th percentile (`ctukey`, the default; min_percentile and max_percentile change that) or between the 25th and the 75th (`tukey`). Elements that are no number or equal ignore_val take no part and score 0.",
    examples: &[(r#"print series_outliers(dynamic([30,28,27,31,29,30,27.5,34,80]), "tukey")[0]"#, "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let kind = args.opt(1).map(|arg| arg.strs());
    let numbers = |i: usize| args.opt(i).map(|arg| arg.reals());
    let (ignored, low, high, test_points) = (numbers(2), numbers(3), numbers(4), numbers(5));
    let mut error = None;
    let scores = series::per_series(args, |row, mut values| {
        let number = |numbers: &Option<crate::args::Reals>| numbers.as_ref().and_then(|numbers| numbers.get(row));
        let fences = Fences::of(kind.as_ref().map_or("", |kind| kind.get(row))).and_then(|fences| {
            match (number(&low), number(&high)) {
                (None, None) => Ok(fences),
                _ if fences == Fences::TUKEY => Ok(fences),
                (low, high) => Fences::at(low.unwrap_or(10.0), high.unwrap_or(90.0)),
            }
        });
        let fences = match fences {
            Ok(fences) => fences,
            Err(reason) => {
                error.get_or_insert(reason);
                return None;
            }
        };
        if let Some(ignored) = number(&ignored) {
            values.iter_mut().for_each(|value| *value = value.filter(|value| *value != ignored));
        }
        let test_points = number(&test_points).map_or(0, |n| n.max(0.0) as usize);
        Some(series::JsonArray::of_reals(outliers::scores(&values, fences, test_points, 0.0).into_iter().map(Some)))
    });
    error.map_or(Ok(scores), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_reach_the_test() {
        let series = Value::Dynamic(Dynamic::parse("[30,28,5,27,31,38,29,80,25,37,30,-1]").unwrap_or(Dynamic::Null));
        let scores = |more: &[Value]| {
            let args: Vec<Value> = std::iter::once(series.clone()).chain(more.iter().cloned()).collect();
            crate::call("series_outliers", KqlType::Dynamic, &args).map(|value| match value {
                Value::Dynamic(Dynamic::Array(items)) => {
                    items.iter().map(|item| item.as_real().unwrap_or(f64::NAN)).collect()
                }
                _ => Vec::new(),
            })
        };
        let tukey = scores(&[Value::String("tukey".into()), Value::Real(-1.0)]).unwrap_or_default();
        assert!((tukey[7] - 46.0 / 6.5).abs() < 1e-12 && tukey[11] == 0.0, "{tukey:?}");
        let wide = scores(&[Value::String("ctukey".into()), Value::Real(-1.0), Value::Real(25.0), Value::Real(75.0)])
            .unwrap_or_default();
        assert!(
            tukey.iter().zip(&wide).all(|(a, b)| (a - b).abs() < 1e-9),
            "25 and 75 make ctukey the classic test: {wide:?}"
        );
        assert!(scores(&[Value::String("other".into())]).is_err());
        assert!(scores(&[Value::String("ctukey".into()), Value::Null(KqlType::Real), Value::Real(1.0)]).is_err());
    }
}
