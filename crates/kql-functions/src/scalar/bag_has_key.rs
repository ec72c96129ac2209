use super::prelude::*;
use super::{dynamics, json_path};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_has_key",
    signatures: &["(bag: bag, key: string) -> bool"],
    summary: "Whether a bag has a member of that name, or for a key that starts with `$` at that JSONPath. False when the \
              value is no bag, null when it is null.",
    examples: &[
        ("print bag_has_key(dynamic({'key1': 123}), 'key2')", "false"),
        ("print bag_has_key(dynamic({'key2': {'prop1': 'abc'}}), '$.key2.prop1')", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let keys = args.str(1);
    let constant = args.args[1].constant.then(|| json_path::names(keys.get(0)));
    Ok(args.bools(|row| {
        let json = dynamics::dynamic(&args.args[0], row)?;
        let names = constant.clone().unwrap_or_else(|| json_path::names(keys.get(row)));
        Some(names.is_some_and(|names| names.iter().try_fold(json, |json, name| raw::member(json, name)).is_some()))
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn looks_up_names_and_paths() {
        let bag = r#"{"key1":null,"key2":{"prop1":"abc"},"a.b":1,"list":[{"x":1}]}"#;
        for (key, expected) in [
            ("key1", true),
            ("key3", false),
            ("prop1", false),
            ("$.key2.prop1", true),
            ("$['key2']['prop2']", false),
            ("a.b", true),
            ("$['a.b']", true),
            ("$.a.b", false),
            ("$.list[0].x", false),
            ("$", false),
            ("", false),
        ] {
            assert_eq!(
                crate::call("bag_has_key", KqlType::Bool, &[d(bag), s(key)]),
                Ok(Value::Bool(expected)),
                "{key}"
            );
        }
        assert_eq!(crate::call("bag_has_key", KqlType::Bool, &[d("[1]"), s("a")]), Ok(Value::Bool(false)));
        let null = Value::Null(KqlType::Dynamic);
        assert_eq!(crate::call("bag_has_key", KqlType::Bool, &[null, s("a")]), Ok(Value::Null(KqlType::Bool)));
    }
}
