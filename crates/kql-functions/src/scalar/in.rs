use super::membership::eval;
use super::prelude::*;
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "in",
    signatures: &["(left: scalar, list+: scalar) -> bool"],
    summary: "Whether a value equals one of a list. An array in the list stands for its elements. A null is in no list without a null; beside one, the answer is null.",
    examples: &[
        ("print 'abc' in ('123', '345', 'abc')", "true"),
        ("print 3 in (dynamic([1, [2, 3]]))", "true"),
        ("print 'ABC' in ('abc')", "false"),
    ],
    body: Body::Eval(|args| eval(args, Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
