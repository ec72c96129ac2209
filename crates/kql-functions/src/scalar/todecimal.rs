use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "todecimal",
    signatures: &["(value: scalar) -> decimal"],
    naming: Naming::FirstArgument,
    summary: "Converts to decimal. Null for what is no number or needs more digits than a decimal has.",
    examples: &[("print todecimal('123.45678') == decimal(123.45678)", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Decimal), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Decimal);
        let cases = [
            (text("abc"), null.clone()),
            (text("-0.0"), Value::Decimal(Default::default())),
            (Value::Bool(true), Value::Decimal(number::DECIMAL_ONE)),
            (json("1"), Value::Decimal(number::DECIMAL_ONE)),
            (Value::Real(1e300), null.clone()),
            (Value::Real(f64::NAN), null.clone()),
        ];
        for (value, result) in cases {
            assert_eq!(
                crate::call("todecimal", KqlType::Decimal, std::slice::from_ref(&value)),
                Ok(result),
                "{value:?}"
            );
        }
    }
}
