//! Statistics of a series.

/// What `series_stats()` gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stats {
    pub min: f64,
    pub min_idx: usize,
    pub max: f64,
    pub max_idx: usize,
    pub avg: f64,
    /// Of a sample: divided by n - 1; 0 for a single number.
    pub variance: f64,
    pub sum: f64,
    /// Of the whole array, with elements that were ignored.
    pub len: usize,
}

/// Returns the statistics of a series, or `None` when it has no number. An element that is no finite number makes all
/// results null unless `ignore_nonfinite`.
pub fn stats(values: &[Option<f64>], ignore_nonfinite: bool) -> Option<Stats> {
    let mut stats = Stats {
        min: f64::INFINITY,
        min_idx: 0,
        max: f64::NEG_INFINITY,
        max_idx: 0,
        avg: 0.0,
        variance: 0.0,
        sum: 0.0,
        len: values.len(),
    };
    let mut n = 0.0;
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            if ignore_nonfinite {
                continue;
            }
            return None;
        };
        n += 1.0;
        stats.sum += value;
        if value < stats.min {
            (stats.min, stats.min_idx) = (value, i);
        }
        if value > stats.max {
            (stats.max, stats.max_idx) = (value, i);
        }
    }
    if n == 0.0 {
        return None;
    }
    stats.avg = stats.sum / n;
    if n > 1.0 {
        let squares: f64 =
            values.iter().flatten().filter(|value| value.is_finite()).map(|value| (value - stats.avg).powi(2)).sum();
        stats.variance = squares / (n - 1.0);
    }
    Some(stats)
}

/// Returns the number at `fraction` of the way through sorted numbers, between two of them by linear interpolation.
pub fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let below = (place as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// Returns the median, or `None` when there is no number. The numbers are reordered.
pub fn median(values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let middle = *middle;
    if n % 2 == 1 {
        return Some(middle);
    }
    let other = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some((other + middle) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_the_reference_example() {
        let values: Vec<Option<f64>> = [23, 46, 23, 87, 4, 8, 3, 75, 2, 56, 13, 75, 32, 16, 29]
            .iter()
            .map(|value| Some(f64::from(*value)))
            .collect();
        let stats = stats(&values, false).unwrap_or_else(|| panic!("no statistics"));
        assert_eq!(
            (stats.min, stats.min_idx, stats.max, stats.max_idx, stats.avg, stats.sum, stats.len),
            (2.0, 8, 87.0, 3, 32.8, 492.0, 15)
        );
        assert!((stats.variance - 812.457142857143).abs() < 1e-9, "{}", stats.variance);
    }

    #[test]
    fn a_gap_spoils_statistics_unless_ignored() {
        let values = [Some(3.0), None, Some(f64::NAN), Some(1.0)];
        assert_eq!(stats(&values, false), None);
        let found = stats(&values, true).map(|stats| (stats.min, stats.min_idx, stats.avg, stats.variance, stats.len));
        assert_eq!(found, Some((1.0, 3, 2.0, 2.0, 4)));
        assert_eq!(stats(&[], true), None);
    }

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(quantile(&[7.0], 0.9), 7.0);
    }
}
