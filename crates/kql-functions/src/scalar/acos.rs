use super::prelude::*;
use crate::kernels::real_function_opt;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "acos",
    signatures: &["(number: number) -> real"],
    naming: Naming::FirstArgument,
    summary: "The angle in radians whose cosine is the number; null where the number is below -1 or above 1.",
    examples: &[("print acos(1)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function_opt(args, |x| (-1.0..=1.0).contains(&x).then(|| x.acos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_its_domain_there_is_no_angle() {
        let cases = [
            (-1.0, Value::Real(std::f64::consts::PI)),
            (1.1, Value::Null(KqlType::Real)),
            (f64::NAN, Value::Null(KqlType::Real)),
        ];
        for (number, result) in cases {
            assert_eq!(crate::call("acos", KqlType::Real, &[Value::Real(number)]), Ok(result), "{number}");
        }
    }
}
