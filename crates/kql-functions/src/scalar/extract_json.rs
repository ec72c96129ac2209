use super::json_path::{self, Step};
use super::prelude::*;
use super::texts::{Texts, constant_text};
use schema::dynamic::raw;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "extract_json",
    aliases: &["extractjson"],
    signatures: &[
        "(jsonPath: constant string, jsonText: string) -> string",
        "(jsonPath: constant string, jsonText: string, type: literal type) -> literal(2)",
    ],
    summary: "The value at a path (`$.a.b[0]['c d']`) of a JSON text, as text or as a value of the given type. Empty or null \
              when the text is no JSON, has nothing there, or the value is not of the type.",
    examples: &[
        (r#"print extract_json("$.name", '{"name": "John", "age": 30}', typeof(string))"#, "John"),
        (r#"print extract_json("$.tags[1]", '{"tags": ["a", {"b":1}]}')"#, r#"{"b":1}"#),
        (r#"print extract_json("$.age", '{"name": "John", "age": 30}', typeof(long)) + 1"#, "31"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (paths, json) = (Texts::of(args, 0), Texts::of(args, 1));
    let fixed = constant_text(args, 0).map(|path| parse_path(&path)).transpose()?;
    let mut values = Vec::with_capacity(args.rows);
    for row in 0..args.rows {
        let json = json.get(row);
        let own;
        let path = match &fixed {
            Some(path) => path,
            None => {
                own = parse_path(&paths.get(row))?;
                &own
            }
        };
        let found = if raw::is_valid(&json) { find(&json, path) } else { None };
        values.push(found.map_or(Value::null(args.returns), |found| read_as(args.returns, found)));
    }
    Ok(array_of(args.returns, values.into_iter()))
}

fn parse_path(path: &str) -> Result<Vec<Step>, EvalError> {
    let steps = json_path::parse(path.trim()).filter(|steps| !steps.contains(&Step::Name("*".to_string())));
    steps.ok_or_else(|| {
        EvalError::new(format!("`{path}` is no path that can be followed; one is written `$.name[0]['other name']`"))
    })
}

/// Returns the part of a JSON text that a path leads to.
fn find<'j>(json: &'j str, path: &[Step]) -> Option<&'j str> {
    path.iter().try_fold(json.trim(), |json, step| match step {
        Step::Name(name) => raw::member(json, name),
        Step::Index(index) => raw::element(json, i64::try_from(*index).ok()?),
    })
}

/// Reads a JSON value as a value of a type.
fn read_as(ktype: KqlType, json: &str) -> Value {
    match (ktype, raw::kind(json)) {
        (_, raw::Kind::Null) => Value::null(ktype),
        (KqlType::Dynamic, _) => Dynamic::parse(json).map_or(Value::Null(ktype), Value::Dynamic),
        // `tolong()` of a number with a fraction cuts the fraction off.
        (KqlType::Int | KqlType::Long, raw::Kind::Number) if number::parse_long(json).is_none() => {
            let whole = number::parse_real(json).map(f64::trunc).filter(|real| real.abs() < i64::MAX as f64);
            whole.map_or(Value::Null(ktype), |real| parse_as(ktype, &(real as i64).to_string()))
        }
        _ => parse_as(ktype, &raw::text(json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_types() {
        let json = r#"{"name":"Jo\"hn","age":30.7,"ok":true,"at":"2020-01-01","none":null,"tags":[1,{"x":[2]}]}"#;
        let text = |text: &str| Value::String(text.into());
        let cases = [
            ("$.name", KqlType::String, text("Jo\"hn")),
            ("$.age", KqlType::String, text("30.7")),
            ("$.age", KqlType::Long, Value::Long(30)),
            ("$.age", KqlType::Real, Value::Real(30.7)),
            ("$.ok", KqlType::Bool, Value::Bool(true)),
            ("$.at", KqlType::Datetime, parse_as(KqlType::Datetime, "2020-01-01")),
            ("$.name", KqlType::Long, Value::Null(KqlType::Long)),
            ("$.none", KqlType::String, text("")),
            ("$.zzz", KqlType::Long, Value::Null(KqlType::Long)),
            ("$.['tags'].[1]['x']", KqlType::String, text("[2]")),
            ("$.tags[9]", KqlType::String, text("")),
            ("$.tags[1].x", KqlType::Dynamic, parse_as(KqlType::Dynamic, "[2]")),
            ("$.tags[1]", KqlType::String, text(r#"{"x":[2]}"#)),
        ];
        for (path, ktype, expected) in cases {
            assert_eq!(crate::call("extract_json", ktype, &[text(path), text(json)]), Ok(expected), "{path}");
        }
        assert_eq!(crate::call("extractjson", KqlType::String, &[text("$.a"), text("{'a':")]), Ok(text("")));
        for path in ["$.a[*]", "$.*", "$..a", "$.a["] {
            assert!(crate::call("extractjson", KqlType::String, &[text(path), text("{}")]).is_err(), "{path}");
        }
    }
}
