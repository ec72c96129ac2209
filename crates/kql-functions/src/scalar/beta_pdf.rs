use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{special, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "beta_pdf",
    signatures: &["(x: number, alpha: number, beta: number) -> real"],
    summary: "The density of the beta distribution at x; NaN unless x is between 0 and 1 and both parameters are positive.",
    examples: &[("print round(beta_pdf(0.5, 10, 20), 6)", "0.746176")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [x, alpha, beta] = [0, 1, 2].map(|i| reals(&args.args[i]));
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let value = |row: usize| {
        let (x, alpha, beta) = (x.get(row)?, alpha.get(row)?, beta.get(row)?);
        Some(special::beta_pdf(x, alpha, beta))
    };
    spread(Arc::new((0..rows).map(value).collect::<Float64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_examples_hold() {
        let cases: [([f64; 3], f64); 3] =
            [([0.5, 10.0, 20.0], 0.746176019310951), ([1.5, 10.0, 20.0], f64::NAN), ([0.1, -1.0, 20.0], f64::NAN)];
        for (args, result) in cases {
            let found = crate::call("beta_pdf", KqlType::Real, &args.map(Value::Real));
            let Ok(Value::Real(found)) = found else { panic!("{found:?}") };
            assert!((found - result).abs() < 1e-12 || found.is_nan() && result.is_nan(), "{args:?}: {found}");
        }
    }
}
