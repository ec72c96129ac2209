use super::emptiness::is_empty;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "isempty",
    signatures: &["(value: scalar) -> bool"],
    summary: "Whether a value is the empty string or null. An empty array or bag is neither.",
    examples: &[
        ("print isempty('')", "true"),
        ("print isempty('x')", "false"),
        ("print isempty(parse_json(''))", "true"),
        ("print isempty(parse_json('[]'))", "false"),
        ("print isempty(long(null))", "true"),
    ],
    body: Body::Eval(|args| Ok(is_empty(args, true))),
    ..ScalarFunction::DEFAULT
};
