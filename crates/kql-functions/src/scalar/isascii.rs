use super::prelude::*;
use super::texts::test_texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isascii",
    signatures: &["(value: scalar) -> bool"],
    summary: "Whether a text holds ASCII characters only.",
    examples: &[("print isascii('some string')", "true"), ("print isascii('café')", "false")],
    body: Body::Eval(|args| Ok(test_texts(args, 0, str::is_ascii))),
    ..ScalarFunction::DEFAULT
};
