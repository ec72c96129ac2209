use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "gamma",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The gamma function of the number; for a whole n it is the factorial of n - 1.",
    examples: &[("print gamma(5)", "24.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, libm::tgamma)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_give_factorials() {
        let cases = [
            (1.0, Value::Real(1.0)),
            (5.0, Value::Real(24.0)),
            (11.0, Value::Real(3_628_800.0)),
            (171.5, Value::Real(libm::tgamma(171.5))),
            (200.0, Value::Real(f64::INFINITY)),
        ];
        for (number, result) in cases {
            assert_eq!(crate::call("gamma", KqlType::Real, &[Value::Real(number)]), Ok(result), "{number}");
        }
    }
}
