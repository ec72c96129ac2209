use super::dynamics;
use super::prelude::*;
use schema::dynamic::write_json_string;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_json",
    aliases: &["parsejson", "todynamic", "toobject"],
    signatures: &["(json: string|dynamic) -> dynamic"],
    naming: Naming::FirstArgument,
    summary: "A JSON text as a dynamic value. A text that is not JSON becomes a dynamic string, an empty text null; a \
              dynamic value stays as it is, another value is converted.",
    examples: &[
        ("print parse_json('{\"a\": 123, \"b\": [1.50]}').b[0]", "1.50"),
        ("print tostring(parse_json('not json'))", "not json"),
        ("print isnull(parse_json(''))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let json = &args.args[0];
    match json.ktype {
        KqlType::Dynamic if !json.constant || args.rows == 1 => Ok(json.array.clone()),
        KqlType::String => {
            let text = json.strs();
            Ok(args.written(|row, out| parse(text.get(row), out)))
        }
        _ => Ok(args.written(|row, out| {
            out.push_str(&dynamics::json(json, row));
            !json.is_null(row)
        })),
    }
}

/// Appends what a text says as JSON; says whether it is not null.
pub fn parse(text: &str, out: &mut String) -> bool {
    if text.is_empty() {
        return false;
    }
    match raw::compact(text) {
        Some(json) => {
            out.push_str(&json);
            json != "null"
        }
        None => {
            write_json_string(out, text);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, json_of, s};
    use schema::{KqlType, Value};

    #[test]
    fn reads_json_and_keeps_other_texts() {
        let cases = [
            (s(r#"{ "a" : 118.0, "b":"\u0041" }"#), r#"{"a":118.0,"b":"A"}"#),
            (s("[1, 2]"), "[1,2]"),
            (s("not json"), r#""not json""#),
            (s("{'a':1}"), r#""{'a':1}""#),
            (s("007"), r#""007""#),
            (s("12"), "12"),
            (s(" null "), "null"),
            (s(""), "null"),
            (d(r#"{"a":1}"#), r#"{"a":1}"#),
            (Value::Long(5), "5"),
            (Value::Timespan(20_000_000), r#""00:00:02""#),
            (Value::Null(KqlType::Long), "null"),
        ];
        for (value, expected) in cases {
            assert_eq!(json_of("parse_json", std::slice::from_ref(&value)), expected, "{value:?}");
            assert_eq!(json_of("todynamic", &[value]), expected);
        }
    }
}
