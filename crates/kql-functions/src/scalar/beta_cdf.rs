use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{special, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "beta_cdf",
    signatures: &["(x: number, alpha: number, beta: number) -> real"],
    summary: "The cumulative beta distribution at x; NaN outside 0 to 1 and for parameters that are not above 0 and at most 10000.",
    examples: &[("print beta_cdf(0.5, 1, 1)", "0.5")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [x, alpha, beta] = [0, 1, 2].map(|i| reals(&args.args[i]));
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let value = |row: usize| {
        let (x, alpha, beta) = (x.get(row)?, alpha.get(row)?, beta.get(row)?);
        Some(special::beta_cdf(x, alpha, beta))
    };
    spread(Arc::new((0..rows).map(value).collect::<Float64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_examples_hold() {
        let cases: [([f64; 3], f64); 4] = [
            ([0.9, 10.0, 20.0], 0.999999999999959),
            ([1.5, 10.0, 20.0], f64::NAN),
            ([-10.0, 10.0, 20.0], f64::NAN),
            ([0.1, -1.0, 20.0], f64::NAN),
        ];
        for (args, result) in cases {
            let found = crate::call("beta_cdf", KqlType::Real, &args.map(Value::Real));
            let Ok(Value::Real(found)) = found else { panic!("{found:?}") };
            assert!((found - result).abs() < 1e-12 || found.is_nan() && result.is_nan(), "{args:?}: {found}");
        }
    }
}
