//! Special functions of statistics: the beta distribution and Student's t.

/// Greatest parameter of `beta_cdf()`.
const BETA_PARAMETER_MAX: f64 = 10_000.0;

/// Returns the logarithm of the beta function.
fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// Returns the regularized incomplete beta function I_x(a, b) for x in [0, 1] and positive a and b.
///
/// # Source
/// DLMF 8.17.22, the continued fraction, evaluated by Lentz's method.
pub fn regularized_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean; above it the complement does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - regularized_beta_below(1.0 - x, b, a);
    }
    regularized_beta_below(x, a, b)
}

fn regularized_beta_below(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp() / a;
    let guarded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // Some hundred steps suffice for parameters of 10 000; the bound is for the odd ones.
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guarded(1.0 + even * d);
        c = guarded(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guarded(1.0 + odd * d);
        c = guarded(1.0 + odd / c);
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Returns the cumulative beta distribution; NaN outside its domain.
pub fn beta_cdf(x: f64, alpha: f64, beta: f64) -> f64 {
    let parameter = |value: f64| value > 0.0 && value <= BETA_PARAMETER_MAX;
    if (0.0..=1.0).contains(&x) && parameter(alpha) && parameter(beta) {
        regularized_beta(x, alpha, beta)
    } else {
        f64::NAN
    }
}

/// Returns the density of the beta distribution; NaN outside its domain.
pub fn beta_pdf(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(x > 0.0 && x < 1.0 && alpha > 0.0 && beta > 0.0) {
        return f64::NAN;
    }
    ((alpha - 1.0) * x.ln() + (beta - 1.0) * (-x).ln_1p() - ln_beta(alpha, beta)).exp()
}

/// Returns the x at which the cumulative beta distribution has a value: `None` when that is no probability, NaN for
/// parameters that are not positive.
///
/// # Source
/// Kusto reference, "beta_inv()", the example; the prose above it has the two the other way round.
pub fn beta_inv(probability: f64, alpha: f64, beta: f64) -> Option<f64> {
    if !(alpha > 0.0 && beta > 0.0) {
        return Some(f64::NAN);
    }
    if !(probability > 0.0 && probability <= 1.0) {
        return None;
    }
    // Bisection: each of the 1 100 steps at most halves the interval until no real is left inside it.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..1_100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if regularized_beta(middle, alpha, beta) < probability { low = middle } else { high = middle }
    }
    Some(high)
}

/// Returns the p-value of Welch's two-sided test that two samples, each given by its mean, variance and count, have
/// equal means.
///
/// # Source
/// B. L. Welch, "The generalization of Student's problem" (1947); degrees of freedom by Welch and Satterthwaite.
pub fn welch_test(first: (f64, f64, f64), second: (f64, f64, f64)) -> f64 {
    let ((mean1, variance1, count1), (mean2, variance2, count2)) = (first, second);
    let (error1, error2) = (variance1 / count1, variance2 / count2);
    let error = error1 + error2;
    let t = (mean1 - mean2) / error.sqrt();
    let freedom = error * error / (error1 * error1 / (count1 - 1.0) + error2 * error2 / (count2 - 1.0));
    if freedom > 0.0 && !t.is_nan() {
        regularized_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
    } else {
        f64::NAN
    }
}
