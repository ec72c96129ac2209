use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "set_equals",
    signatures: &["(set1: array, set2: array) -> bool"],
    summary: "Whether two arrays hold the same elements, whatever their order and number; null when a value is no array.",
    examples: &[("print set_equals(dynamic([1, 2, 1]), dynamic([2, 1]))", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let set = |i: usize, row: usize| -> Option<HashSet<_>> {
        Some(dynamics::array(&args.args[i], row)?.into_iter().map(dynamics::identity).collect())
    };
    Ok(args.bools(|row| Some(set(0, row)? == set(1, row)?)))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    #[test]
    fn compares_as_sets() {
        for (a, b, expected) in [
            ("[1,2,1]", "[2,1]", Value::Bool(true)),
            ("[1]", "[1,2]", Value::Bool(false)),
            ("[]", "[]", Value::Bool(true)),
            ("[1]", "1", Value::Null(KqlType::Bool)),
        ] {
            assert_eq!(crate::call("set_equals", KqlType::Bool, &[d(a), d(b)]), Ok(expected));
        }
    }
}
