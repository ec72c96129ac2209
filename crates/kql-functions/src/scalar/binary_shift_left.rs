use super::prelude::*;
use crate::kernels::long_function;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_shift_left",
    signatures: &["(value: integer, shift: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits of a whole number moved to the left by `shift` modulo 64 places; null for a negative shift.",
    examples: &[("print binary_shift_left(1, 2)", "4")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    long_function(args, |value, shift| (shift >= 0).then(|| value << (shift % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_shift_gives_null_and_a_large_one_wraps() {
        let call = |shift| crate::call("binary_shift_left", KqlType::Long, &[Value::Long(1), Value::Long(shift)]);
        assert_eq!(call(-1), Ok(Value::Null(KqlType::Long)));
        assert_eq!(call(65), Ok(Value::Long(2)));
    }
}
