//! Periods: the lags after which a series repeats.
//!
//! A period is a lag at which the autocorrelation has a peak: no lag within half a period of it correlates more. Peaks
//! are looked for with the linear trend taken out, or a trend would bury them. The score is the autocorrelation about
//! the mean, c(k) / c(0) * sqrt(n / (n - k)), or that without the trend if it is lower, so that a trend alone does not
//! score. The reference gives no formula; this one gives its printed example (14 scores 0.84, nothing else scores) and,
//! with a threshold of 0.6, the seasons on the page of `series_seasonal()`.

use rustfft::num_complex::Complex;
use rustfft::{FftDirection, FftPlanner};
use std::cell::RefCell;

/// The shortest period that can be told from noise ("series_periods_detect()").
const PERIOD_MIN: usize = 4;

/// A series' autocorrelation, from which periods are read.
pub struct Periods {
    n: usize,
    /// By lag, with the trend taken out and about the mean.
    detrended: Vec<f64>,
    centred: Vec<f64>,
}

impl Periods {
    /// Analyses a series. Missing elements count as lying on the trend.
    pub fn new(values: &[Option<f64>]) -> Periods {
        let n = values.len();
        let line = super::fit::line(values);
        let known: Vec<f64> = values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let about = |level: &dyn Fn(usize) -> f64| {
            let rest: Vec<f64> = values
                .iter()
                .enumerate()
                .map(|(i, v)| v.filter(|v| v.is_finite()).map_or(0.0, |v| v - level(i)))
                .collect();
            let size = known.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
            // What rounding leaves of a straight line is no signal.
            let is_noise = rest.iter().all(|value| value.abs() <= 1e-12 * size);
            if is_noise { vec![0.0; n] } else { autocorrelation(&rest) }
        };
        let centred = about(&|_| mean);
        let detrended = match &line {
            Some(line) => about(&|i| line.fit.get(i).copied().unwrap_or(mean)),
            None => centred.clone(),
        };
        Periods { n, detrended, centred }
    }

    /// Returns the score of a period, from 0 to 1; 0 when the series does not repeat after it.
    pub fn score(&self, period: usize) -> f64 {
        if !self.is_peak(period) {
            return 0.0;
        }
        let value = |by_lag: &[f64]| by_lag.get(period).copied().unwrap_or(0.0);
        let scale = (self.n as f64 / (self.n - period) as f64).sqrt();
        (value(&self.centred).min(value(&self.detrended)) * scale).clamp(0.0, 1.0)
    }

    /// A peak needs a lag on either side, so half the series' length itself is none.
    fn is_peak(&self, period: usize) -> bool {
        if period < PERIOD_MIN || period >= self.n.div_ceil(2) {
            return false;
        }
        let Some(peak) = self.detrended.get(period) else { return false };
        let reach = period / 2;
        let (first, last) = (period - reach, (period + reach).min(self.n / 2));
        *peak > 0.0
            && self
                .detrended
                .iter()
                .enumerate()
                .take(last + 1)
                .skip(first)
                .all(|(lag, value)| lag == period || value < peak)
    }

    /// Returns up to `count` periods between two bounds with their scores, best first. A multiple of a period with no
    /// better score says nothing new and is left out; so is what noise alone would score, 2 / sqrt(n).
    pub fn detect(&self, min: f64, max: f64, count: usize) -> Vec<(usize, f64)> {
        let first = min.max(PERIOD_MIN as f64).ceil() as usize;
        let last = (max.max(0.0).floor() as usize).min(self.n / 2);
        let noise = 2.0 / (self.n.max(1) as f64).sqrt();
        let mut found: Vec<(usize, f64)> =
            (first..=last).map(|period| (period, self.score(period))).filter(|(_, score)| *score > noise).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut periods: Vec<(usize, f64)> = Vec::new();
        for (period, score) in found {
            if periods.len() == count {
                break;
            }
            if !periods.iter().any(|(shorter, _)| period % shorter == 0) {
                periods.push((period, score));
            }
        }
        periods
    }

    /// Returns the best period if it scores at least `threshold`.
    pub fn best(&self, threshold: f64) -> Option<usize> {
        self.detect(0.0, f64::INFINITY, 1).first().filter(|(_, score)| *score >= threshold).map(|(period, _)| *period)
    }
}

thread_local! {
    /// Keeps what was worked out for each length, of which there are few, as lengths are powers of two.
    static PLANNER: RefCell<FftPlanner<f64>> = RefCell::new(FftPlanner::new());
}

/// Returns c(k) / c(0) for every lag k below the length.
fn autocorrelation(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let size = (2 * n).next_power_of_two();
    let plan = |direction| PLANNER.with_borrow_mut(|planner| planner.plan_fft(size, direction));
    let mut buffer: Vec<Complex<f64>> = values.iter().map(|value| Complex::new(*value, 0.0)).collect();
    buffer.resize(size, Complex::new(0.0, 0.0));
    plan(FftDirection::Forward).process(&mut buffer);
    buffer.iter_mut().for_each(|value| *value = Complex::new(value.norm_sqr(), 0.0));
    plan(FftDirection::Inverse).process(&mut buffer);
    let whole = buffer.first().map_or(0.0, |value| value.re);
    buffer.iter().take(n).map(|value| if whole > 0.0 { value.re / whole } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        values.into_iter().map(Some).collect()
    }

    /// A month of traffic, twice a day ("series_periods_detect()").
    const TRAFFIC: [u8; 60] = [
        80, 139, 87, 110, 68, 54, 50, 51, 53, 133, 86, 141, 97, 156, 94, 149, 95, 140, 77, 61, 50, 54, 47, 133, 72,
        152, 94, 148, 105, 162, 101, 160, 87, 63, 53, 55, 54, 151, 103, 189, 108, 183, 113, 175, 113, 178, 90, 71, 62,
        62, 65, 165, 109, 181, 115, 182, 121, 178, 114, 170,
    ];

    #[test]
    fn the_week_is_found_as_in_the_reference() {
        let periods = Periods::new(&series(TRAFFIC.map(f64::from)));
        let found = periods.detect(0.0, 50.0, 2);
        assert_eq!(found.iter().map(|(period, _)| *period).collect::<Vec<_>>(), [14]);
        assert!((0.84..0.85).contains(&found[0].1), "{found:?}");
        assert_eq!(periods.score(10), 0.0);
    }

    #[test]
    fn day_and_week_are_both_found_under_a_trend() {
        // Five weeks by the hour, as on the page of series_decompose(), with a smoother day.
        let hours = (0..24 * 35).map(|t| {
            let (hour, day) = (f64::from(t % 24), t / 24 % 7);
            (if day >= 5 { 5.0 } else { 15.0 })
                + 6.0 * (hour / 24.0 * std::f64::consts::TAU).sin()
                + f64::from(t) / 72.0
        });
        let found = Periods::new(&series(hours)).detect(0.0, 1e9, 5);
        assert_eq!(found.iter().map(|(period, _)| *period).collect::<Vec<_>>(), [168, 24]);
    }

    #[test]
    fn nothing_is_found_where_nothing_repeats() {
        let mut state = 12345_u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let noise: Vec<f64> = (0..500).map(|_| random()).collect();
        let rising = noise.iter().enumerate().map(|(i, value)| value + i as f64);
        let line = (0..50).map(f64::from);
        for values in [
            series(noise.clone()),
            series(rising),
            series(line),
            series([5.0; 40]),
            series([]),
            vec![None; 20],
            series([1.0]),
        ] {
            assert_eq!(Periods::new(&values).best(0.6), None, "{:?}", values.first());
        }
    }

    #[test]
    fn half_the_length_is_too_long() {
        let values = series([1., 3., 5., 2., 4., 6., 1., 3., 5., 2., 4., 6.]);
        assert_eq!(Periods::new(&values).best(0.6), None);
        let values =
            series([8., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10.]);
        assert_eq!(Periods::new(&values).best(0.6), Some(5));
    }
}
