use super::prelude::*;
use crate::kernels::convert::reals;
use crate::kernels::{special, spread};
use arrow::array::Float64Array;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "welch_test",
    signatures: &[
        "(mean1: number, variance1: number, count1: number, mean2: number, variance2: number, count2: number) -> real",
    ],
    summary: "The p-value of the two-sided Welch test that two samples have equal means, from the mean, variance and count of each.",
    examples: &[(
        "print round(welch_test(20.82, 7.867428571428573, 15, 22.9866666666667, 3.8126666666666678, 15), 3)",
        "0.021",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let [mean1, variance1, count1, mean2, variance2, count2] = [0, 1, 2, 3, 4, 5].map(|i| reals(&args.args[i]));
    let rows = if args.args.iter().all(|arg| arg.constant) { 1 } else { args.rows };
    let value = |row: usize| {
        let first = (mean1.get(row)?, variance1.get(row)?, count1.get(row)?);
        let second = (mean2.get(row)?, variance2.get(row)?, count2.get(row)?);
        Some(special::welch_test(first, second))
    };
    spread(Arc::new((0..rows).map(value).collect::<Float64Array>()), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_samples_differ() {
        let args = [20.82, 7.867428571428573, 15.0, 22.9866666666667, 3.8126666666666678, 15.0].map(Value::Real);
        let found = crate::call("welch_test", KqlType::Real, &args);
        assert!(matches!(found, Ok(Value::Real(p)) if (p - 0.021378).abs() < 1e-6), "{found:?}");
    }
}
