use super::emptiness::is_empty;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isnotempty",
    aliases: &["notempty"],
    signatures: &["(value: scalar) -> bool"],
    summary: "Whether a value is neither the empty string nor null.",
    examples: &[("print isnotempty('')", "false"), ("print isnotempty('x')", "true"), ("print isnotempty(0)", "true")],
    body: Body::Eval(|args| Ok(is_empty(args, false))),
    ..ScalarFunction::DEFAULT
};
