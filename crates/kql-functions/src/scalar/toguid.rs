use super::prelude::*;
use crate::kernels::{convert, spread};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "toguid",
    signatures: &["(value: string|dynamic) -> guid"],
    naming: Naming::FirstArgument,
    summary: "Converts a text to guid: 32 hexadecimal digits, with or without the hyphens; what follows them is ignored. Null for anything else.",
    examples: &[
        ("print toguid('0123456789ab-cdef-0123-456789abcdef')", "01234567-89ab-cdef-0123-456789abcdef"),
        ("print isnull(toguid('a string that is not a guid'))", "true"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    spread(convert::convert(&args.args[0], KqlType::Guid), args.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_in_place_or_left_out() {
        let text = |text: &str| Value::String(text.to_string());
        let json = |json: &str| Dynamic::parse(json).map_or(Value::Null(KqlType::Dynamic), Value::Dynamic);
        let null = Value::null(KqlType::Guid);
        let cases = [
            (text("0123456789abcdef0123456789ABCDEF"), Value::Guid("01234567-89ab-cdef-0123-456789abcdef".to_string())),
            (
                text("01234567-89ab-cdef-0123-456789abcdef and more"),
                Value::Guid("01234567-89ab-cdef-0123-456789abcdef".to_string()),
            ),
            (text("0123-456789abcdef0123456789abcdef"), null.clone()),
            (text("0123456789abcdef0123456789abcde"), null.clone()),
            (text("é"), null.clone()),
            (
                json("\"01234567-89ab-cdef-0123-456789abcdef\""),
                Value::Guid("01234567-89ab-cdef-0123-456789abcdef".to_string()),
            ),
        ];
        for (value, result) in cases {
            assert_eq!(crate::call("toguid", KqlType::Guid, std::slice::from_ref(&value)), Ok(result), "{value:?}");
        }
    }
}
