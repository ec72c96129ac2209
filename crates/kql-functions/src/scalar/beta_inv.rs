use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{special, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "beta_inv",
    signatures: &["(probability: number, alpha: number, beta: number) -> real"],
    summary: "The x at which the cumulative beta distribution has the probability; null for a probability that is not above 0 and at most 1, NaN for parameters that are not positive.",
    examples: &[("print round(beta_inv(0.1, 10, 20), 6)", "0.226415")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [x, alpha, beta] = [0, 1, 2].map(|i| reals(&args.args[i]));
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let value = |row: usize| {
        let (x, alpha, beta) = (x.get(row)?, alpha.get(row)?, beta.get(row)?);
        special::beta_inv(x, alpha, beta)
    };
    spread(Arc::new((0..rows).map(value).collect::<Float64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_examples_hold() {
        let cases: [([f64; 3], f64); 3] = [
            ([0.1, 10.0, 20.0], 0.226415022388749),
            ([0.1, -1.0, 20.0], f64::NAN),
            ([0.999999999999959, 10.0, 20.0], 0.9),
        ];
        for (args, result) in cases {
            let found = crate::call("beta_inv", KqlType::Real, &args.map(Value::Real));
            let Ok(Value::Real(found)) = found else { panic!("{found:?}") };
            assert!((found - result).abs() < 1e-3 || found.is_nan() && result.is_nan(), "{args:?}: {found}");
        }
        let args = [1.5, 10.0, 20.0].map(Value::Real);
        assert_eq!(crate::call("beta_inv", KqlType::Real, &args), Ok(Value::Null(KqlType::Real)));
    }
}
