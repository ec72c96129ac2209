use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "toreal",
    aliases: &["todouble"],
    signatures: &["(value: scalar) -> real"],
    naming: Naming::FirstArgument,
    summary: "Converts to real: a text must be a number, `NaN` or `Infinity`. Null for anything else.",
    examples: &[("print toreal('123.4')", "123.4"), ("print todouble('1e3')", "1000.0")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Real), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_dynamics() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Real);
        let cases = [
            (text("1e400"), Value::Real(f64::INFINITY)),
            (text("  3.5  "), Value::Real(3.5)),
            (text("0x1F"), null.clone()),
            (text("1_000"), null.clone()),
            (Value::Bool(true), Value::Real(1.0)),
            (Value::Timespan(36_000_000_000), Value::Real(36_000_000_000.0)),
            (json("true"), Value::Real(1.0)),
            (json("\"1.5\""), Value::Real(1.5)),
            (json("[1,2]"), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("toreal", KqlType::Real, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
