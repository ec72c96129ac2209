use super::element::{Key, part};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "path",
    signatures: &["(container: dynamic, key+: scalar) -> dynamic"],
    summary: "Walks several keys in one pass: `path(d, 'a', 0)` is `d.a[0]`. The engine writes chains of member access \
              as this; null when any step leads nowhere.",
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let container = &args.args[0];
    if container.ktype != KqlType::Dynamic {
        return Ok(args.texts(|_| None::<&str>));
    }
    let json = container.strs();
    let keys: Vec<Key> = args.args[1..].iter().map(Key::of).collect();
    Ok(args.texts(|row| part(keys.iter().try_fold(json.opt(row)?, |json, key| key.get(json, row)))))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::Value;

    #[test]
    fn walks_as_nested_access_does() {
        let json = r#"{"a":[{"b":"x"},{"b":null}],"c":{"d":{"e":1.50}}}"#;
        let cases: [(&[Value], &str); 5] = [
            (&[s("a"), Value::Long(0), s("b")], "\"x\""),
            (&[s("a"), Value::Long(-1), s("b")], "null"),
            (&[s("c"), s("d"), s("e")], "1.50"),
            (&[s("c"), s("z"), s("e")], "null"),
            (&[s("a")], r#"[{"b":"x"},{"b":null}]"#),
        ];
        for (keys, expected) in cases {
            let args: Vec<Value> = std::iter::once(d(json)).chain(keys.iter().cloned()).collect();
            assert_eq!(json_of("path", &args), expected);
            let nested = keys.iter().fold(d(json), |value, key| d(&json_of("[]", &[value, key.clone()])));
            assert_eq!(nested, d(expected));
        }
    }
}
