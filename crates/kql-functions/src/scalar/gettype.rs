use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "gettype",
    signatures: &["(value: scalar) -> string"],
    naming: Naming::PrefixAndFirstArgument("type"),
    summary: "The type of a value as it is at run time: for a dynamic value what it holds, `array`, `dictionary`, `string`, \
              `long`, `double`, `bool` or `null`; else the name of its type.",
    examples: &[
        ("print gettype(111)", "long"),
        ("print gettype(parse_json(' {\"abc\":1} '))", "dictionary"),
        ("print gettype(parse_json(''))", "null"),
        ("print gettype(long(null))", "long"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let value = &args.args[0];
    if value.ktype != KqlType::Dynamic {
        return Ok(args.strings(|_| value.ktype.name()));
    }
    let json = value.strs();
    Ok(args.strings(|row| match json.opt(row) {
        None => "null",
        Some(json) => match raw::kind(json) {
            raw::Kind::Null => "null",
            raw::Kind::Bool => "bool",
            raw::Kind::Number if json.contains(['.', 'e', 'E']) => "double",
            raw::Kind::Number => "long",
            raw::Kind::String => "string",
            raw::Kind::Array => "array",
            raw::Kind::Bag => "dictionary",
        },
    }))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn names_what_a_value_holds() {
        for (value, expected) in [
            (s("a"), "string"),
            (Value::Int(1), "int"),
            (Value::Null(KqlType::Datetime), "datetime"),
            (Value::Null(KqlType::Dynamic), "null"),
            (d("1"), "long"),
            (d("1.5"), "double"),
            (d("true"), "bool"),
            (d("\"1\""), "string"),
            (d("[1,2,3]"), "array"),
            (d(r#"{"abc":1}"#), "dictionary"),
        ] {
            assert_eq!(crate::call("gettype", KqlType::String, &[value]), Ok(s(expected)));
        }
    }
}
