use super::dynamics;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "array_length",
    aliases: &["arraylength"],
    signatures: &["(array: array) -> long"],
    summary: "The number of elements of an array; null when the value is no array.",
    examples: &[
        ("print array_length(dynamic([1, 2, 3, \"four\"]))", "4"),
        ("print isnull(array_length(dynamic({})))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let array = &args.args[0];
    Ok(args.longs(|row| {
        let json = dynamics::dynamic(array, row)?;
        (raw::kind(json) == raw::Kind::Array).then(|| raw::items(json).count() as i64)
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::d;
    use schema::{KqlType, Value};

    #[test]
    fn counts_elements_of_arrays_only() {
        let null = Value::Null(KqlType::Long);
        for (json, expected) in [
            ("[]", Value::Long(0)),
            ("[[1,2],3]", Value::Long(2)),
            (r#"{"a":1}"#, null.clone()),
            ("\"[1]\"", null.clone()),
            ("null", null),
        ] {
            assert_eq!(crate::call("array_length", KqlType::Long, &[d(json)]), Ok(expected), "{json}");
        }
    }
}
