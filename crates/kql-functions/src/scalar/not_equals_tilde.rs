use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!~",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether two texts differ by more than the case of ASCII letters.",
    examples: &[("print 'aBc' !~ 'xyz'", "true"), ("print 'abc' !~ 'ABC'", "false")],
    body: Body::Eval(|args| eval_not(args, Test::Equals, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
