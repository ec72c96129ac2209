//! Regression: a line, two lines with a break, a polynomial.
//!
//! Positions count from 1, so that the reference's example holds (`line_fit[0] = slope + interception`). Elements that
//! are missing take no part in the regression; the fitted series has a value for each of them all the same. Variances
//! are those of a sample (divided by n - 1).

use super::{JsonArray, Tuple, push_real};

/// A fitted line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub rsquare: f64,
    pub slope: f64,
    pub variance: f64,
    pub rvariance: f64,
    pub interception: f64,
    pub fit: Vec<f64>,
}

/// Two fitted lines, the right one from element `split_idx` on.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoLines {
    pub rsquare: f64,
    pub split_idx: usize,
    pub variance: f64,
    pub rvariance: f64,
    pub fit: Vec<f64>,
    pub right: Line,
    pub left: Line,
}

/// A fitted polynomial.
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial {
    pub rsquare: f64,
    /// From the highest power to the constant.
    pub coefficients: Vec<f64>,
    pub variance: f64,
    pub rvariance: f64,
    pub fit: Vec<f64>,
}

/// Sums from which a line follows; values are taken relative to a centre, to keep their digits.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    fn minus(&self, other: &Sums) -> Sums {
        Sums {
            n: self.n - other.n,
            x: self.x - other.x,
            y: self.y - other.y,
            xx: self.xx - other.xx,
            xy: self.xy - other.xy,
            yy: self.yy - other.yy,
        }
    }

    /// Returns the sum of the squared distances from the best line.
    fn residual(&self) -> f64 {
        if self.n < 1.0 {
            return 0.0;
        }
        let xx = self.xx - self.x * self.x / self.n;
        let xy = self.xy - self.x * self.y / self.n;
        let yy = self.yy - self.y * self.y / self.n;
        (if xx > 0.0 { yy - xy * xy / xx } else { yy }).max(0.0)
    }
}

/// Returns how much of the variance is explained: 1 when there is nothing to explain.
fn explained(variance: f64, rvariance: f64) -> f64 {
    if variance > 0.0 { 1.0 - rvariance / variance } else { 1.0 }
}

fn per_sample(squares: f64, n: usize) -> f64 {
    if n > 1 { squares / (n as f64 - 1.0) } else { 0.0 }
}

fn finite(values: &[Option<f64>]) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
    values.iter().enumerate().filter_map(|(i, value)| Some((i, value.filter(|value| value.is_finite())?)))
}

/// Fits a line, or returns `None` when there is no number.
pub fn line(values: &[Option<f64>]) -> Option<Line> {
    let points = finite(values).map(|(i, y)| (i as f64 + 1.0, y));
    let n = points.clone().count();
    if n == 0 {
        return None;
    }
    let (x_sum, y_sum) = points.clone().fold((0.0, 0.0), |(x_sum, y_sum), (x, y)| (x_sum + x, y_sum + y));
    let (x_mean, y_mean) = (x_sum / n as f64, y_sum / n as f64);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in points.clone() {
        xx += (x - x_mean) * (x - x_mean);
        xy += (x - x_mean) * (y - y_mean);
        yy += (y - y_mean) * (y - y_mean);
    }
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    let interception = y_mean - slope * x_mean;
    let residual: f64 = points.map(|(x, y)| (y - slope * x - interception).powi(2)).sum();
    let (variance, rvariance) = (per_sample(yy, n), per_sample(residual, n));
    let fit = (1..=values.len()).map(|x| slope * x as f64 + interception).collect();
    Some(Line { rsquare: explained(variance, rvariance), slope, variance, rvariance, interception, fit })
}

/// Fits two lines with the break where they explain most; `None` when there are fewer than two numbers. Each side has at
/// least two elements when the series has four.
pub fn two_lines(values: &[Option<f64>]) -> Option<TwoLines> {
    let n = finite(values).count();
    if n < 2 {
        return None;
    }
    let mean = finite(values).map(|(_, y)| y).sum::<f64>() / n as f64;
    let centre = values.len() as f64 / 2.0;
    let mut all = Sums::default();
    finite(values).for_each(|(i, y)| all.add(i as f64 - centre, y - mean));
    let least = if values.len() >= 4 { 2 } else { 1 };
    let mut left = Sums::default();
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.iter().enumerate() {
        // The line on the left is that of the elements before i.
        if i >= least && i + least <= values.len() && left.n > 0.0 && left.n < all.n {
            let residual = left.residual() + all.minus(&left).residual();
            if best.is_none_or(|(_, least_residual)| residual < least_residual) {
                best = Some((i, residual));
            }
        }
        if let Some(y) = value.filter(|value| value.is_finite()) {
            left.add(i as f64 - centre, y - mean);
        }
    }
    let (split_idx, _) = best?;
    let (before, after) = values.split_at(split_idx);
    let (left, right) = (line(before)?, line(after)?);
    let squares = |line: &Line, part: &[Option<f64>]| line.rvariance * (finite(part).count() as f64 - 1.0);
    let residual = squares(&left, before) + squares(&right, after);
    let (variance, rvariance) = (per_sample(all.yy, n), per_sample(residual, n));
    let fit = left.fit.iter().chain(&right.fit).copied().collect();
    Some(TwoLines { rsquare: explained(variance, rvariance), split_idx, variance, rvariance, fit, right, left })
}

/// Fits a polynomial of a degree through the points whose x and y are both numbers; `None` when there are not more of
/// them than the degree.
///
/// The work is done on x mapped to [-1, 1], where powers stay apart; the coefficients are mapped back at the end.
pub fn polynomial(y: &[Option<f64>], x: Option<&[Option<f64>]>, degree: usize) -> Option<Polynomial> {
    let x_at = |i: usize| match x {
        Some(x) => x.get(i).copied().flatten().filter(|x| x.is_finite()),
        None => Some(i as f64 + 1.0),
    };
    let points: Vec<(f64, f64)> = finite(y).filter_map(|(i, y)| Some((x_at(i)?, y))).collect();
    let n = points.len();
    if n <= degree {
        return None;
    }
    let (low, high) =
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let middle = (low + high) / 2.0;
    let half = if high > low { (high - low) / 2.0 } else { 1.0 };
    let rows: Vec<Vec<f64>> = points
        .iter()
        .map(|(x, y)| {
            let t = (x - middle) / half;
            let mut power = 1.0;
            let mut row: Vec<f64> = (0..=degree)
                .map(|_| {
                    let this = power;
                    power *= t;
                    this
                })
                .collect();
            row.push(*y);
            row
        })
        .collect();
    let scaled = least_squares(rows, degree + 1)?;
    let value = |x: f64| scaled.iter().rev().fold(0.0, |sum, coefficient| sum * ((x - middle) / half) + coefficient);
    let mean = points.iter().map(|(_, y)| y).sum::<f64>() / n as f64;
    let variance = per_sample(points.iter().map(|(_, y)| (y - mean).powi(2)).sum(), n);
    let rvariance = per_sample(points.iter().map(|(x, y)| (y - value(*x)).powi(2)).sum(), n);
    // Horner's rule over polynomials: p = p * (x - middle) / half + coefficient, lowest power first.
    let mut coefficients: Vec<f64> = Vec::with_capacity(degree + 1);
    for coefficient in scaled.iter().rev() {
        let mut next = vec![0.0; coefficients.len() + 1];
        for (power, c) in coefficients.iter().enumerate() {
            next[power + 1] += c / half;
            next[power] -= c * middle / half;
        }
        next[0] += coefficient;
        coefficients = next;
    }
    coefficients.reverse();
    let fit = (0..y.len()).map(|i| x_at(i).map_or(f64::NAN, value)).collect();
    Some(Polynomial { rsquare: explained(variance, rvariance), coefficients, variance, rvariance, fit })
}

/// Solves `a c = b` in the least squares sense by Householder reflections; each row holds a row of `a` and then `b`.
/// `None` when the columns of `a` depend on each other.
fn least_squares(mut rows: Vec<Vec<f64>>, n: usize) -> Option<Vec<f64>> {
    for k in 0..n {
        let norm = rows.iter().skip(k).map(|row| row[k] * row[k]).sum::<f64>().sqrt();
        if norm < 1e-12 {
            return None;
        }
        let pivot = rows[k][k];
        let alpha = if pivot > 0.0 { -norm } else { norm };
        let mut reflector: Vec<f64> = rows.iter().skip(k).map(|row| row[k]).collect();
        reflector[0] -= alpha;
        let length = reflector.iter().map(|v| v * v).sum::<f64>();
        if length == 0.0 {
            continue;
        }
        for column in k..=n {
            let dot: f64 = reflector.iter().zip(rows.iter().skip(k)).map(|(v, row)| v * row[column]).sum();
            let share = 2.0 * dot / length;
            reflector.iter().zip(rows.iter_mut().skip(k)).for_each(|(v, row)| row[column] -= share * v);
        }
    }
    let mut solution = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * solution[j]).sum();
        solution[k] = (rows[k][n] - known) / rows[k][k];
    }
    Some(solution)
}

impl Line {
    /// Returns the components of `series_fit_line()`.
    pub fn tuple(&self) -> String {
        Tuple::default()
            .real(self.rsquare)
            .real(self.slope)
            .real(self.variance)
            .real(self.rvariance)
            .real(self.interception)
            .reals(&self.fit)
            .finish()
    }

    /// Returns the property bag of `series_fit_line_dynamic()`.
    pub fn bag(&self) -> String {
        let mut out = String::from("{");
        self.write_members(&mut out);
        write_array(&mut out, "line_fit", &self.fit);
        out.push('}');
        out
    }

    fn write_members(&self, out: &mut String) {
        let members = [
            ("rsquare", self.rsquare),
            ("slope", self.slope),
            ("variance", self.variance),
            ("rvariance", self.rvariance),
            ("interception", self.interception),
        ];
        members.into_iter().for_each(|(name, value)| write_member(out, name, value));
    }
}

impl TwoLines {
    /// Returns the components of `series_fit_2lines()`.
    pub fn tuple(&self) -> String {
        let whole = Tuple::default()
            .real(self.rsquare)
            .long(self.split_idx as i64)
            .real(self.variance)
            .real(self.rvariance)
            .reals(&self.fit);
        let side = |tuple: Tuple, line: &Line| {
            tuple.real(line.rsquare).real(line.slope).real(line.interception).real(line.variance).real(line.rvariance)
        };
        side(side(whole, &self.right), &self.left).finish()
    }

    /// Returns the property bag of `series_fit_2lines_dynamic()`, with a bag for each side (`right.slope`).
    pub fn bag(&self) -> String {
        let mut out = String::from("{");
        write_member(&mut out, "rsquare", self.rsquare);
        write_name(&mut out, "split_idx");
        out.push_str(&self.split_idx.to_string());
        write_member(&mut out, "variance", self.variance);
        write_member(&mut out, "rvariance", self.rvariance);
        write_array(&mut out, "line_fit", &self.fit);
        for (name, line) in [("right", &self.right), ("left", &self.left)] {
            write_name(&mut out, name);
            out.push('{');
            line.write_members(&mut out);
            out.push('}');
        }
        out.push('}');
        out
    }
}

fn write_name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

fn write_member(out: &mut String, name: &str, value: f64) {
    write_name(out, name);
    push_real(out, value);
}

fn write_array(out: &mut String, name: &str, values: &[f64]) {
    write_name(out, name);
    out.push_str(&JsonArray::of_reals(values.iter().map(|value| Some(*value))));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    }

    #[test]
    fn a_line_as_in_the_reference() {
        let found = line(&series(&[2., 5., 6., 8., 11., 15., 17., 18., 25., 26., 30., 30.]))
            .unwrap_or_else(|| panic!("no line"));
        assert!(close(found.slope, 2.730769230769231) && close(found.interception, -1.6666666666666667), "{found:?}");
        assert!(close(found.variance, 98.62878787878788) && close(found.rvariance, 1.6864801864801864), "{found:?}");
        assert!(
            close(found.rsquare, 0.982900730884447)
                && close(found.fit[0], 1.064102564102564)
                && close(found.fit[11], 31.102564102564102)
        );
    }

    #[test]
    fn a_line_passes_over_gaps() {
        let found = line(&[Some(1.0), None, Some(3.0), None]).unwrap_or_else(|| panic!("no line"));
        assert!(close(found.slope, 1.0) && close(found.fit[3], 4.0) && close(found.rsquare, 1.0));
        assert_eq!(line(&[None, None]), None);
        assert_eq!(line(&[Some(7.0)]).map(|line| (line.slope, line.fit)), Some((0.0, vec![7.0])));
    }

    #[test]
    fn two_lines_break_at_the_jump() {
        // The reference draws these lines ("series_fit_2lines()"): from 0.98 to 5.18, then from 11.9 to 6.8.
        let found = two_lines(&series(&[1., 2.2, 2.5, 4.7, 5.0, 12., 10.3, 10.3, 9., 8.3, 6.2]))
            .unwrap_or_else(|| panic!("no lines"));
        assert_eq!(found.split_idx, 5);
        assert!(
            close(found.fit[0], 0.98)
                && close(found.fit[4], 5.18)
                && (found.fit[5] - 11.93).abs() < 0.02
                && (found.fit[10] - 6.76).abs() < 0.02
        );
        assert!(close(found.left.slope, 1.05) && close(found.rsquare, 1.0 - found.rvariance / found.variance));
        assert_eq!(two_lines(&series(&[1.0])), None);
    }

    #[test]
    fn a_polynomial_finds_its_coefficients() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i) * 0.125 - 2.3).collect();
        let y: Vec<f64> = x.iter().map(|x| x.powi(5) - 8.0 * x.powi(3) + 10.0 * x + 6.0).collect();
        let found = polynomial(&series(&y), Some(&series(&x)), 5).unwrap_or_else(|| panic!("no polynomial"));
        for (coefficient, expected) in found.coefficients.iter().zip([1.0, 0.0, -8.0, 0.0, 10.0, 6.0]) {
            assert!((coefficient - expected).abs() < 1e-8, "{found:?}");
        }
        assert!(found.rsquare > 0.999_999_999 && close(found.fit[7], y[7]));
    }

    #[test]
    fn degree_one_is_a_line() {
        let values = series(&[2., 5., 6., 8., 11., 15.]);
        let (polynomial, line) =
            (polynomial(&values, None, 1).unwrap_or_else(|| panic!()), line(&values).unwrap_or_else(|| panic!()));
        assert!(close(polynomial.coefficients[0], line.slope) && close(polynomial.coefficients[1], line.interception));
        assert!(close(polynomial.rvariance, line.rvariance) && close(polynomial.rsquare, line.rsquare));
        assert_eq!(super::polynomial(&series(&[1.0, 2.0]), None, 2), None);
        assert_eq!(super::polynomial(&series(&[1.0, 2.0]), Some(&series(&[3.0, 3.0])), 1), None);
    }
}
