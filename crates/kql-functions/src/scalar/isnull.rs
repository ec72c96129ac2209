use super::emptiness::is_null;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isnull",
    signatures: &["(expression: scalar) -> bool"],
    summary: "Whether a value is null. A string never is.",
    examples: &[
        ("print isnull('')", "false"),
        ("print isnull(int(null))", "true"),
        ("print isnull(parse_json(''))", "true"),
        ("print isnull(parse_json('{}'))", "false"),
    ],
    body: Body::Eval(|args| Ok(is_null(args, true))),
    ..ScalarFunction::DEFAULT
};
