use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "tobool",
    aliases: &["toboolean"],
    signatures: &["(value: scalar) -> bool"],
    naming: Naming::FirstArgument,
    summary: "Converts to bool: `true` and `false` in any case, and numbers, which are true when not zero. Null for anything else.",
    examples: &[
        ("print tobool('true')", "true"),
        ("print tobool(123)", "true"),
        ("print isnull(tobool('yes'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Bool), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_numbers_and_dynamics() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Bool);
        let cases = [
            (text("tRuE"), Value::Bool(true)),
            (text("FALSE"), Value::Bool(false)),
            (text("0"), Value::Bool(false)),
            (text("-1"), Value::Bool(true)),
            (text(" true"), null.clone()),
            (text("1.0"), null.clone()),
            (text("yes"), null.clone()),
            (text(""), null.clone()),
            (Value::Real(0.5), Value::Bool(true)),
            (Value::Long(0), Value::Bool(false)),
            (json("1.9"), Value::Bool(true)),
            (json("\"42\""), Value::Bool(true)),
            (json("\"3.14\""), null.clone()),
            (json("[1]"), null.clone()),
            (json("null"), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("tobool", KqlType::Bool, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
