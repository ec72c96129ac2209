//! Tukey's fences: how far each element lies outside the bulk of a series.
//!
//! The score is 0 between two percentiles. Beyond them it grows in units chosen so that, were the numbers normally
//! distributed, a score of 1.5 would lie where the classic fence lies, at Q3 + 1.5 (Q3 - Q1). With the 25th and 75th
//! percentile (`tukey`) the unit is the interquartile range itself; with the 10th and 90th (`ctukey`) it is 0.368 of the
//! range between them. The reference does not give the formula; this one gives the scores drawn on the page of
//! `series_decompose_anomalies()` (a residual of 7.7 scores 13 among noise of 2 * rand()), and explains why the page
//! admits percentiles from 2 to 98 only: past 99.65 the classic fence lies inside them.

use super::stats::quantile;
use crate::args::EvalError;

/// Between which percentiles, as fractions, nothing is an outlier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fences {
    pub low: f64,
    pub high: f64,
}

/// The classic fence in standard deviations: z + 1.5 * 2 z with z the normal distribution's third quartile.
const CLASSIC_FENCE: f64 = 4.0 * 0.674_489_750_196_081_7;
const CLASSIC_SCORE: f64 = 1.5;

impl Fences {
    pub const TUKEY: Fences = Fences { low: 0.25, high: 0.75 };
    pub const CTUKEY: Fences = Fences { low: 0.10, high: 0.90 };

    /// Returns the fences of a kind of test.
    ///
    /// # Errors
    /// When the kind is neither `tukey` nor `ctukey`.
    pub fn of(kind: &str) -> Result<Fences, EvalError> {
        match kind.to_ascii_lowercase().as_str() {
            "tukey" => Ok(Fences::TUKEY),
            "ctukey" | "" => Ok(Fences::CTUKEY),
            _ => Err(EvalError::new(format!("`{kind}` is no kind of outlier test: use `ctukey` or `tukey`"))),
        }
    }

    /// Returns fences at percentiles.
    ///
    /// # Errors
    /// When a percentile is not between 2 and 98, or they are in the wrong order.
    pub fn at(min_percentile: f64, max_percentile: f64) -> Result<Fences, EvalError> {
        let allowed = 2.0..=98.0;
        if !allowed.contains(&min_percentile) || !allowed.contains(&max_percentile) || min_percentile >= max_percentile
        {
            let text = format!(
                "the percentiles {min_percentile} and {max_percentile} must lie between 2 and 98, the smaller first"
            );
            return Err(EvalError::new(text));
        }
        Ok(Fences { low: min_percentile / 100.0, high: max_percentile / 100.0 })
    }
}

/// Returns each element's score; elements that are missing score 0. The percentiles are those of the elements before the
/// last `test_points`. Differences as small as `noise` count as none.
pub fn scores(values: &[Option<f64>], fences: Fences, test_points: usize, noise: f64) -> Vec<f64> {
    let learned = values.len().saturating_sub(test_points);
    let mut sorted: Vec<f64> =
        values.iter().take(learned).flatten().copied().filter(|value| value.is_finite()).collect();
    if sorted.is_empty() {
        return vec![0.0; values.len()];
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, fences.low), quantile(&sorted, fences.high));
    let (z_low, z_high) = (normal_quantile(fences.low), normal_quantile(fences.high));
    let deviation = (high - low) / (z_high - z_low);
    let (mut unit_low, mut unit_high) =
        (deviation * (CLASSIC_FENCE + z_low) / CLASSIC_SCORE, deviation * (CLASSIC_FENCE - z_high) / CLASSIC_SCORE);
    if high - low <= noise {
        // The bulk is one number. Any unit would do; the standard deviation keeps the scores finite.
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        unit_low = (sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / sorted.len() as f64).sqrt();
        unit_high = unit_low;
    }
    let score = |value: f64| {
        let (distance, unit) = if value > high {
            (value - high, unit_high)
        } else if value < low {
            (value - low, unit_low)
        } else {
            return 0.0;
        };
        if distance.abs() <= noise { 0.0 } else { distance / unit.max(noise).max(f64::MIN_POSITIVE) }
    };
    values.iter().map(|value| value.filter(|value| !value.is_nan()).map_or(0.0, score)).collect()
}

/// Returns the z below which a share `p` of the normal distribution lies, for p from 0.02 to 0.98.
fn normal_quantile(p: f64) -> f64 {
    let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // The series z + z^3/3 + z^5/15 + ... of the integral, which converges fast for such z.
    let below = |z: f64| {
        let (mut term, mut sum) = (z, z);
        for odd in (3..121).step_by(2) {
            term *= z * z / f64::from(odd);
            sum += term;
        }
        0.5 + density(z) * sum
    };
    let mut z = 0.0;
    for _ in 0..40 {
        z -= (below(z) - p) / density(z);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_are_exact() {
        for (p, z) in [
            (0.5, 0.0),
            (0.75, 0.674_489_750_196_081_7),
            (0.9, 1.281_551_565_544_600_4),
            (0.98, 2.053_748_910_631_823),
            (0.02, -2.053_748_910_631_823),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn tukey_scores_count_interquartile_ranges() {
        // Q1 = 27.5, Q3 = 34.
        let values: Vec<Option<f64>> =
            [30., 28., 5., 27., 31., 38., 29., 80., 25., 37., 30.].into_iter().map(Some).collect();
        let found = scores(&values, Fences::TUKEY, 0, 0.0);
        assert!((found[7] - 46.0 / 6.5).abs() < 1e-12 && (found[2] + 22.5 / 6.5).abs() < 1e-12, "{found:?}");
        assert_eq!([found[0], found[1], found[4]], [0.0; 3]);
    }

    #[test]
    fn ctukey_scores_as_the_reference_draws_them() {
        // Eleven numbers: the second and the tenth are the 10th and the 90th percentile.
        let around = |bound: f64, outlier: f64| {
            let mut values = vec![Some(0.0); 11];
            (values[1], values[9], values[10]) = (Some(-bound), Some(bound), Some(outlier));
            values[0] = Some(-bound);
            scores(&values, Fences::CTUKEY, 0, 0.0)[10]
        };
        assert!((around(normal_quantile(0.9), CLASSIC_FENCE) - 1.5).abs() < 1e-9);
        // The noise of the page of series_decompose_anomalies() lies within 0.73; a point 7.7 off is drawn at 13.
        assert!((around(0.73, 7.7) - 12.96).abs() < 0.02, "{}", around(0.73, 7.7));
    }

    #[test]
    fn a_flat_series_scores_finitely() {
        let mut values = vec![Some(0.0); 99];
        assert_eq!(scores(&values, Fences::CTUKEY, 0, 0.0), vec![0.0; 99]);
        values.push(Some(8.0));
        let found = scores(&values, Fences::CTUKEY, 0, 0.0);
        assert!(found[0] == 0.0 && found[99] > 1.5 && found[99].is_finite(), "{found:?}");
        values.push(None);
        assert_eq!(scores(&values, Fences::CTUKEY, 0, 0.0)[100], 0.0);
        assert_eq!(scores(&[], Fences::CTUKEY, 3, 0.0), Vec::<f64>::new());
    }

    #[test]
    fn percentiles_must_make_sense() {
        assert_eq!(Fences::at(10.0, 90.0), Ok(Fences::CTUKEY));
        for (low, high) in [(1.0, 90.0), (10.0, 99.0), (60.0, 40.0), (f64::NAN, 90.0)] {
            assert!(Fences::at(low, high).is_err(), "{low} {high}");
        }
        assert!(Fences::of("zscore").is_err());
    }
}
