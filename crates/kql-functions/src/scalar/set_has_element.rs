use super::dynamics;
use super::prelude::*;
use std::collections::HashSet;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "set_has_element",
    signatures: &["(set: array, value: scalar) -> bool"],
    summary: "Whether an array has a value among its elements. False when the set is no array, null when it is null.",
    examples: &[("print set_has_element(dynamic(['this', 'is', 'an', 'example']), 'example')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (set, value) = (&args.args[0], &args.args[1]);
    // A set given once is looked up by hash; it is what `set_has_element(dynamic([...]), Column)` asks for.
    let constant: Option<HashSet<_>> = dynamics::dynamic(set, 0)
        .filter(|_| set.constant && args.rows > 1)
        .map(|json| raw::items(json).map(dynamics::identity).collect());
    Ok(args.bools(|row| {
        let json = dynamics::dynamic(set, row)?;
        let value = dynamics::json(value, row);
        let value = dynamics::identity(&value);
        Some(match &constant {
            Some(set) => set.contains(&value),
            None => raw::items(json).any(|item| dynamics::identity(item) == value),
        })
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn looks_for_equal_values() {
        for (set, value, expected) in [
            (r#"["this","is"]"#, s("is"), Value::Bool(true)),
            (r#"["this","is"]"#, s("IS"), Value::Bool(false)),
            ("[1,2,3,4.2]", Value::Long(4), Value::Bool(false)),
            ("[1,2,3,4.2]", Value::Real(4.2), Value::Bool(true)),
            ("[1,2]", s("1"), Value::Bool(false)),
            (r#"["2020-01-01T00:00:00.0000000Z"]"#, Value::Datetime(637_134_336_000_000_000), Value::Bool(true)),
            ("[]", Value::Long(9), Value::Bool(false)),
            ("9", Value::Long(9), Value::Bool(false)),
            ("null", Value::Long(9), Value::Null(KqlType::Bool)),
        ] {
            assert_eq!(crate::call("set_has_element", KqlType::Bool, &[d(set), value]), Ok(expected), "{set}");
        }
    }
}
