use super::prelude::*;
use crate::series::decompose::{MethodArgs, Trend, decompose};
use crate::series::outliers::{self, Fences};
use crate::series::{self, Number, Tuple};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "series_decompose_anomalies",
    signatures: &[
        "(series: array, threshold?: number, period?: integer, trend?: string, test_points?: integer, method?: string, seasonality_threshold?: number) -> dynamic",
    ],
    summary: "The anomalies of a series, in columns: 1, -1 or 0 for each element that is too high, too low or neither; its score; and the baseline. The baseline is that of `series_decompose()`, the score that of `series_outliers()` for the residual by method `ctukey` (the default) or `tukey`; an anomaly scores more than threshold, 1.5. Trend is `avg` (the default), `linefit` or `none`. Seasonality is a number of elements, -1 to detect it (the default, with a score of seasonality_threshold, 0.6) or 0 for none. The last test_points elements take no part in the learning.",
    examples: &[(
        "print s=dynamic([5,6,7,6,5,50,6,7,5,6,7,5]) | project series_decompose_anomalies(s)",
        "[0,0,0,0,0,1,0,0,0,0,0,0]",
    )],
    tuple: &[
        ("series_decompose_anomalies_{0}_ad_flag", KqlType::Dynamic),
        ("series_decompose_anomalies_{0}_ad_score", KqlType::Dynamic),
        ("series_decompose_anomalies_{0}_baseline", KqlType::Dynamic),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

const THRESHOLD: f64 = 1.5;
/// A residual this much smaller than the series' largest element is what rounding left.
const ROUNDING: f64 = 1e-10;

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let threshold = args.opt(1).map(|arg| arg.reals());
    let test = args.opt(5).map(|arg| arg.strs());
    let fences = (0..args.rows)
        .map(|row| Fences::of(test.as_ref().map_or("", |test| test.get(row))))
        .collect::<Result<Vec<Fences>, EvalError>>()?;
    let method =
        MethodArgs { season: 2, trend: 3, test_points: 4, threshold: 6, default_trend: Trend::Average }.read(args)?;
    Ok(series::per_series(args, |row, values| {
        let threshold = threshold.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(THRESHOLD);
        let method = method(row);
        let parts = decompose(&values, method);
        let size = values
            .iter()
            .flatten()
            .filter(|value| value.is_finite())
            .fold(0.0_f64, |size, value| size.max(value.abs()));
        let fences = fences.get(row).copied().unwrap_or(Fences::CTUKEY);
        let scores = outliers::scores(&parts.residual, fences, method.test_points, size * ROUNDING);
        let mut flags = series::JsonArray::with_capacity(scores.len() * 2);
        scores.iter().for_each(|score| {
            flags.number(Number::Long(i64::from(*score > threshold) - i64::from(*score < -threshold)))
        });
        Some(Tuple::default().json(&flags.finish()).reals(&scores).reals(&parts.baseline).finish())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the elements that are flagged in five weeks by the hour with a weekly season, noise, six outliers and
    /// perhaps a trend, as on the page of the reference.
    fn flags(trend: Option<&str>, has_trend: bool) -> Vec<usize> {
        let (weekend, slope) = if has_trend { (5.0, 1.0 / 72.0) } else { (10.0, 0.0) };
        let mut state = 7_u64;
        let values = (1..=24 * 7 * 5).map(|t: i32| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let noise = (state >> 33) as f64 / f64::from(1_u32 << 31);
            let outlier = match t {
                150 | 200 | 780 => -8.0,
                300 | 400 | 600 => 8.0,
                _ => 0.0,
            };
            let day = f64::from((t % 24) / 10);
            Dynamic::from_real(
                2.0 * noise + if (t / 24) % 7 >= 5 { weekend } else { 15.0 } - day * day
                    + slope * f64::from(t)
                    + outlier,
            )
        });
        let mut args = vec![Value::Dynamic(Dynamic::Array(values.collect())), Value::Real(3.0)];
        if let Some(trend) = trend {
            args.extend([Value::Long(-1), Value::String(trend.into())]);
        }
        let Ok(Value::Dynamic(tuple)) = crate::call("series_decompose_anomalies", KqlType::Dynamic, &args) else {
            panic!("no tuple")
        };
        let tuple = tuple.to_json();
        let flags = raw::element(&tuple, 0).unwrap_or("");
        raw::items(flags).enumerate().filter(|(_, flag)| *flag != "0").map(|(i, _)| i + 1).collect()
    }

    #[test]
    fn the_outliers_of_the_reference_stand_out() {
        assert_eq!(flags(None, false), [150, 200, 300, 400, 600, 780]);
        assert_eq!(flags(Some("linefit"), true), [150, 200, 300, 400, 600, 780]);
        // With the trend left in they drown.
        assert!(flags(None, true).len() < 6);
    }

    #[test]
    fn a_wrong_method_is_named() {
        let args =
            [Value::Dynamic(Dynamic::Array(vec![])), Value::Real(1.5), Value::Long(-1), Value::String("lowess".into())];
        let error = crate::call("series_decompose_anomalies", KqlType::Dynamic, &args);
        assert_eq!(error, Err(EvalError::new("`lowess` is no kind of trend: use `avg`, `linefit` or `none`")));
    }
}
