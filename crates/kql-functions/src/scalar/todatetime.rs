use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "todatetime",
    signatures: &["(value: scalar) -> datetime"],
    naming: Naming::FirstArgument,
    summary: "Converts to datetime: texts in the formats of a datetime literal, whole numbers as ticks since 0001-01-01. Null for anything else.",
    examples: &[
        ("print todatetime('2015-12-31 23:59:59.9')", "2015-12-31T23:59:59.9000000Z"),
        ("print todatetime('12-02-2022') == datetime(2022-12-02)", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Datetime), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_ticks() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Datetime);
        let cases = [
            (text("not a date"), null.clone()),
            (text("2020-02-30"), null.clone()),
            (Value::Long(1), Value::Datetime(1)),
            (Value::Real(1.5), Value::Datetime(1)),
            (Value::Long(-1), null.clone()),
            (json("\"2015-01-01\""), Value::Datetime(635_556_672_000_000_000)),
            (json("[]"), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(
                crate::call("todatetime", KqlType::Datetime, std::slice::from_ref(&value)),
                Ok(result),
                "{value:?}"
            );
        }
    }
}
