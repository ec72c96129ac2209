use super::prelude::*;
use super::texts::truths;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isutf8",
    signatures: &["(value: scalar) -> bool"],
    summary: "Whether a text is valid UTF-8. Every stored string is: other bytes are replaced when it is taken in.",
    examples: &[("print isutf8('some string')", "true")],
    body: Body::Eval(|args| Ok(truths(args, |_| true))),
    ..ScalarFunction::DEFAULT
};
