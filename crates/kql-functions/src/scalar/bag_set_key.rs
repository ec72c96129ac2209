use super::prelude::*;
use super::{dynamics, json_path};
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_set_key",
    signatures: &["(bag: bag, key: constant string, value: scalar) -> dynamic"],
    summary: "A bag with a member set to a value, over the value that it had. A key that starts with `$` is a JSONPath to \
              a nested member; bags missing on the way are made. Null when the value is no bag.",
    examples: &[
        ("print bag_set_key(dynamic({'key1': 1}), 'key3', 3)", "{\"key1\":1,\"key3\":3}"),
        (
            "print bag_set_key(dynamic({'key1': 123}), '$.key2.prop1', 'abc')",
            "{\"key1\":123,\"key2\":{\"prop1\":\"abc\"}}",
        ),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (bag, keys) = (&args.args[0], args.str(1));
    Ok(args.written(|row, out| {
        let Some(json) = dynamics::dynamic(bag, row).filter(|json| raw::kind(json) == raw::Kind::Bag) else {
            return false;
        };
        let Some(path) = json_path::names(keys.get(row)) else { return false };
        with(json, &path, &dynamics::json(&args.args[2], row), out);
        true
    }))
}

/// Appends a value with the member at the path set. What is no bag on the way becomes one.
fn with(json: &str, path: &[String], value: &str, out: &mut String) {
    let Some((name, rest)) = path.split_first() else {
        out.push_str(value);
        return;
    };
    let members = dynamics::members(json).unwrap_or_default();
    let mut found = false;
    out.push('{');
    for (i, (member, old)) in members.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_json_string(out, member);
        out.push(':');
        if member == name {
            found = true;
            with(old, rest, value, out);
        } else {
            out.push_str(old);
        }
    }
    if !found {
        if !members.is_empty() {
            out.push(',');
        }
        write_json_string(out, name);
        out.push(':');
        with("{}", rest, value, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn sets_names_and_paths() {
        for (bag, key, value, expected) in [
            (r#"{"key1":1,"key2":2}"#, "key3", Value::Long(3), r#"{"key1":1,"key2":2,"key3":3}"#),
            (r#"{"key1":1,"key3":"abc"}"#, "key3", Value::Long(3), r#"{"key1":1,"key3":3}"#),
            (r#"{"a":1,"b":{"p":1,"q":"x"}}"#, "$.b.p", s("abc"), r#"{"a":1,"b":{"p":"abc","q":"x"}}"#),
            (r#"{"a":1}"#, "$.b.p", s("abc"), r#"{"a":1,"b":{"p":"abc"}}"#),
            (r#"{"a":1}"#, "$.a.b", d("[2]"), r#"{"a":{"b":[2]}}"#),
            ("{}", "a.b", Value::Null(KqlType::Int), r#"{"a.b":null}"#),
            ("{}", "$.a[0]", Value::Long(1), "null"),
            ("{}", "$", Value::Long(1), "null"),
            ("[1]", "a", Value::Long(1), "null"),
        ] {
            assert_eq!(json_of("bag_set_key", &[d(bag), s(key), value]), expected, "{bag} {key}");
        }
    }
}
