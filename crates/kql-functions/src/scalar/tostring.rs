use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tostring",
    signatures: &["(value: scalar) -> string"],
    naming: Naming::FirstArgument,
    summary: "Converts to string: `True` and `False`, numbers in short form (`1.0`, `1e21`), dates as ISO 8601, timespans as `[-][d.]hh:mm:ss[.fffffff]`, arrays and bags as JSON. Empty for null.",
    examples: &[
        ("print tostring(123)", "123"),
        ("print tostring(1.0)", "1.0"),
        ("print tostring(1d + 2h)", "1.02:00:00"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::String), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_text() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::String);
        let cases = [
            (Value::Bool(true), text("True")),
            (Value::Int(-7), text("-7")),
            (Value::Real(0.1 + 0.2), text("0.30000000000000007")),
            (Value::Real(f64::INFINITY), text("inf")),
            (Value::Datetime(0), text("0001-01-01T00:00:00.0000000Z")),
            (Value::Timespan(-938_040_000_000), text("-1.02:03:24")),
            (Value::Null(KqlType::Int), text("")),
            (Value::Null(KqlType::Guid), text("")),
            (json("true"), text("true")),
            (json("\"a\\nb\""), text("a\nb")),
            (json("{\"a\":[1,2.50]}"), text("{\"a\":[1,2.50]}")),
            (json("null"), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("tostring", KqlType::String, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
