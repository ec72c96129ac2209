use super::prelude::*;
use crate::kernels::real_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "sign",
    signatures: &["(number: number) -> real"],
    summary: "1 for a positive number, -1 for a negative one, 0 for zero and NaN.",
    examples: &[("print sign(-42)", "-1.0"), ("print sign(0)", "0.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    real_function(args, |x| {
        if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_both_zeros_have_none() {
        let cases = [(f64::NAN, Value::Real(0.0)), (-0.0, Value::Real(0.0)), (f64::NEG_INFINITY, Value::Real(-1.0))];
        for (number, result) in cases {
            assert_eq!(crate::call("sign", KqlType::Real, &[Value::Real(number)]), Ok(result), "{number}");
        }
    }
}
