use super::emptiness::is_null;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isnotnull",
    aliases: &["notnull"],
    signatures: &["(expression: scalar) -> bool"],
    summary: "Whether a value is not null. A string never is.",
    examples: &[("print isnotnull('')", "true"), ("print isnotnull(datetime(null))", "false")],
    body: Body::Eval(|args| Ok(is_null(args, false))),
    ..ScalarFunction::DEFAULT
};
