use super::dynamics;
use super::prelude::*;
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "bag_keys",
    signatures: &["(object: bag) -> dynamic"],
    summary: "An array of a bag's member names, in the order received; null when the value is no bag.",
    examples: &[("print bag_keys(dynamic({'a': 'b', 'c': {'d': 123}}))", "[\"a\",\"c\"]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.written(|row, out| {
        let Some(members) = dynamics::bag(&args.args[0], row) else { return false };
        out.push('[');
        for (i, (name, _)) in members.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_json_string(out, name);
        }
        out.push(']');
        true
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of};

    #[test]
    fn lists_names() {
        for (json, expected) in [
            (r#"{"a":"b","c":{"d":123}}"#, r#"["a","c"]"#),
            (r#"{"q\"":1,"é":2}"#, r#"["q\"","é"]"#),
            ("{}", "[]"),
            ("[]", "null"),
            ("null", "null"),
            (r#""a""#, "null"),
        ] {
            assert_eq!(json_of("bag_keys", &[d(json)]), expected);
        }
    }
}
