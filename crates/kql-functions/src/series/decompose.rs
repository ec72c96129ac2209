//! Decomposition of a series into season, trend and rest.
//!
//! ```text
//! series -> season (median of each phase) -> series without it -> trend -> baseline = season + trend -> residual
//! ```
//!
//! What the series is known to hold is learned from all but the last `test_points` elements and continued over them.

use super::fit;
use super::periods::Periods;
use super::stats::median;
use super::{JsonArray, Tuple};
use crate::args::{Args, EvalError};

/// How the trend is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    None,
    Average,
    Line,
}

impl Trend {
    fn of(name: &str, default: Trend) -> Result<Trend, EvalError> {
        match name.to_ascii_lowercase().as_str() {
            "none" => Ok(Trend::None),
            "avg" => Ok(Trend::Average),
            "linefit" => Ok(Trend::Line),
            "" => Ok(default),
            _ => Err(EvalError::new(format!("`{name}` is no kind of trend: use `avg`, `linefit` or `none`"))),
        }
    }
}

/// Which season is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Season {
    None,
    /// So many elements.
    Period(usize),
    /// The best period if it scores as much.
    Detect(f64),
}

impl Season {
    /// Reads the argument: -1 to detect, 0 for none, or the number of elements.
    pub fn of(period: i64, threshold: f64) -> Season {
        match period {
            -1 => Season::Detect(threshold),
            _ => usize::try_from(period).ok().filter(|period| *period > 0).map_or(Season::None, Season::Period),
        }
    }
}

/// How a series is decomposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    pub season: Season,
    pub trend: Trend,
    pub test_points: usize,
}

/// The parts of a series, each as long as the series. The residual is `None` where the series has no number.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    pub baseline: Vec<f64>,
    pub seasonal: Vec<f64>,
    pub trend: Vec<f64>,
    pub residual: Vec<Option<f64>>,
}

impl Parts {
    /// Returns the components of `series_decompose()`: baseline, seasonal, trend, residual.
    pub fn tuple(&self) -> String {
        let residual = JsonArray::of_reals(self.residual.iter().copied());
        Tuple::default().reals(&self.baseline).reals(&self.seasonal).reals(&self.trend).json(&residual).finish()
    }
}

/// Which arguments of a call say how to decompose; they may have been left out.
pub struct MethodArgs {
    pub season: usize,
    pub trend: usize,
    pub test_points: usize,
    pub threshold: usize,
    pub default_trend: Trend,
}

/// The score that a season needs when nothing else is asked for.
pub const THRESHOLD: f64 = 0.6;

impl MethodArgs {
    /// Reads the method of each row.
    ///
    /// # Errors
    /// When the trend is none of the known ones.
    pub fn read<'a>(&self, args: &Args<'a>) -> Result<impl Fn(usize) -> Method + 'a, EvalError> {
        let season = args.opt(self.season).map(|arg| arg.longs());
        let test_points = args.opt(self.test_points).map(|arg| arg.longs());
        let threshold = args.opt(self.threshold).map(|arg| arg.reals());
        let default = self.default_trend;
        let trends = match args.opt(self.trend).map(|arg| arg.strs()) {
            Some(names) => (0..args.rows)
                .map(|row| Trend::of(names.get(row), default))
                .collect::<Result<Vec<Trend>, EvalError>>()?,
            None => Vec::new(),
        };
        Ok(move |row| {
            let threshold = threshold.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(THRESHOLD);
            Method {
                season: Season::of(season.as_ref().and_then(|numbers| numbers.get(row)).unwrap_or(-1), threshold),
                trend: trends.get(row).copied().unwrap_or(default),
                test_points: test_points
                    .as_ref()
                    .and_then(|numbers| numbers.get(row))
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(0),
            }
        })
    }
}

/// Returns the seasonal component: the median of the elements of each phase, zeros without a season.
///
/// # Source
/// Kusto reference, "series_seasonal()".
pub fn seasonal(values: &[Option<f64>], season: Season, test_points: usize) -> Vec<f64> {
    let learned = learned(values, test_points);
    let period = match season {
        Season::None => None,
        Season::Period(period) => Some(period),
        Season::Detect(threshold) => Periods::new(learned).best(threshold),
    };
    let Some(period) = period.filter(|period| *period > 0) else { return vec![0.0; values.len()] };
    let mut phase_values = Vec::new();
    let phases: Vec<f64> = (0..period.min(values.len()))
        .map(|phase| {
            phase_values.clear();
            phase_values.extend(learned.iter().skip(phase).step_by(period).flatten().filter(|value| value.is_finite()));
            median(&mut phase_values).unwrap_or(0.0)
        })
        .collect();
    (0..values.len()).map(|i| phases.get(i % period).copied().unwrap_or(0.0)).collect()
}

/// Decomposes a series.
///
/// # Source
/// Kusto reference, "series_decompose()", "Component execution order".
pub fn decompose(values: &[Option<f64>], method: Method) -> Parts {
    let seasonal = seasonal(values, method.season, method.test_points);
    let deseasoned: Vec<Option<f64>> = learned(values, method.test_points)
        .iter()
        .zip(&seasonal)
        .map(|(value, season)| value.filter(|v| v.is_finite()).map(|v| v - season))
        .collect();
    let trend: Vec<f64> = match method.trend {
        Trend::None => vec![0.0; values.len()],
        Trend::Average => {
            let known: Vec<f64> = deseasoned.iter().flatten().copied().collect();
            vec![known.iter().sum::<f64>() / known.len().max(1) as f64; values.len()]
        }
        Trend::Line => match fit::line(&deseasoned) {
            Some(line) => (1..=values.len()).map(|x| line.slope * x as f64 + line.interception).collect(),
            None => vec![0.0; values.len()],
        },
    };
    let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(season, trend)| season + trend).collect();
    let residual = values.iter().zip(&baseline).map(|(value, base)| value.map(|value| value - base)).collect();
    Parts { baseline, seasonal, trend, residual }
}

fn learned(values: &[Option<f64>], test_points: usize) -> &[Option<f64>] {
    values.get(..values.len().saturating_sub(test_points)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn seasons_of_the_reference() {
        let cases: [(&[f64], Season, &[f64]); 5] = [
            (
                &[2., 5., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1.],
                Season::Detect(THRESHOLD),
                &[1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1., 2., 3., 4., 3., 2., 1.],
            ),
            (
                &[8., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10.],
                Season::Detect(THRESHOLD),
                &[10., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10., 10., 12., 14., 12., 10.],
            ),
            (&[1., 3., 5., 2., 4., 6., 1., 3., 5., 2., 4., 6.], Season::Detect(THRESHOLD), &[0.; 12]),
            (&[1., 3., 5., 1., 3., 5., 2., 4., 6.], Season::Period(3), &[1., 3., 5., 1., 3., 5., 1., 3., 5.]),
            (&[1., 3., 5., 2., 4., 6.], Season::Period(3), &[1.5, 3.5, 5.5, 1.5, 3.5, 5.5]),
        ];
        for (values, season, expected) in cases {
            assert_eq!(seasonal(&series(values), season, 0), expected, "{values:?}");
        }
    }

    #[test]
    fn the_baseline_goes_on_over_test_points() {
        let mut values: Vec<Option<f64>> =
            (0..40).map(|t| Some(f64::from(t) + [0.0, 5.0, -3.0, 1.0, 2.0][t as usize % 5])).collect();
        values.extend([None; 5]);
        let parts = decompose(&values, Method { season: Season::Period(5), trend: Trend::Line, test_points: 5 });
        for (t, expected) in (40..45).zip([40.0, 46.0, 39.0, 44.0, 46.0]) {
            // The medians hold the trend within a period, so that the line runs through steps and is half a period off.
            assert!((parts.baseline[t] - expected).abs() < 2.5, "{t}: {}", parts.baseline[t]);
        }
        assert_eq!(parts.residual[44], None);
    }

    #[test]
    fn nothing_but_the_residual_without_season_and_trend() {
        let parts =
            decompose(&series(&[3.0, 4.0]), Method { season: Season::None, trend: Trend::None, test_points: 9 });
        assert_eq!((parts.baseline, parts.residual), (vec![0.0, 0.0], vec![Some(3.0), Some(4.0)]));
        let parts = decompose(&[], Method { season: Season::Detect(0.6), trend: Trend::Line, test_points: 1 });
        assert_eq!(parts.trend, Vec::<f64>::new());
    }
}
