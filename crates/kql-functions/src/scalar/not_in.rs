use super::membership::eval_not;
use super::prelude::*;
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!in",
    signatures: &["(left: scalar, list+: scalar) -> bool"],
    summary: "Whether a value equals none of a list. An array in the list stands for its elements.",
    examples: &[("print 'bca' !in ('123', '345', 'abc')", "true")],
    body: Body::Eval(|args| eval_not(args, Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
