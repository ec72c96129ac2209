use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "=~",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether two texts are equal, not minding the case of ASCII letters.",
    examples: &[("print 'abc' =~ 'ABC'", "true"), ("print 'abc' =~ 'abcd'", "false")],
    body: Body::Eval(|args| eval(args, Test::Equals, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
