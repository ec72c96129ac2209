use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bitset_count_ones",
    signatures: &["(value: integer) -> long"],
    naming: Naming::FirstArgument,
    summary: "The number of bits that are set in a value.",
    examples: &[("print bitset_count_ones(42)", "3")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = args.long(0);
    Ok(args.longs(|row| value.get(row).map(|value| i64::from(value.count_ones()))))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn counts_bits() {
        for (value, expected) in [(42, 3), (0, 0), (-1, 64)] {
            assert_eq!(
                crate::call("bitset_count_ones", KqlType::Long, &[Value::Long(value)]),
                Ok(Value::Long(expected))
            );
        }
        assert_eq!(
            crate::call("bitset_count_ones", KqlType::Long, &[Value::Null(KqlType::Long)]),
            Ok(Value::Null(KqlType::Long))
        );
    }
}
