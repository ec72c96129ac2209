use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_not",
    signatures: &["(value: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that the value does not have.",
    examples: &[("print binary_not(100)", "-101")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = args.long(0);
    Ok(args.longs(|row| value.get(row).map(|value| !value)))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn turns_bits_over() {
        for (value, expected) in [(Value::Long(100), Value::Long(-101)), (Value::Int(-1), Value::Long(0))] {
            assert_eq!(crate::call("binary_not", KqlType::Long, &[value]), Ok(expected));
        }
    }
}
