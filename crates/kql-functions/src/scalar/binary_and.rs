use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "binary_and",
    signatures: &["(value1: integer, value2: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The bits that both values have; null when one is null.",
    examples: &[("print binary_and(6, 3)", "2")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (a, b) = (args.long(0), args.long(1));
    Ok(args.longs(|row| Some(a.get(row)? & b.get(row)?)))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn bits_of_two_values() {
        let call = |name: &str, a: Value, b: Value| crate::call(name, KqlType::Long, &[a, b]);
        for (a, b, and, or, xor) in [(6, 3, 2, 7, 5), (5, 3, 1, 7, 6), (-1, i64::MAX, i64::MAX, -1, i64::MIN)] {
            assert_eq!(call("binary_and", Value::Long(a), Value::Long(b)), Ok(Value::Long(and)));
            assert_eq!(call("binary_or", Value::Long(a), Value::Long(b)), Ok(Value::Long(or)));
            assert_eq!(call("binary_xor", Value::Long(a), Value::Long(b)), Ok(Value::Long(xor)));
        }
        assert_eq!(call("binary_and", Value::Int(6), Value::Long(3)), Ok(Value::Long(2)));
        assert_eq!(call("binary_or", Value::Long(6), Value::Null(KqlType::Long)), Ok(Value::Null(KqlType::Long)));
    }
}
