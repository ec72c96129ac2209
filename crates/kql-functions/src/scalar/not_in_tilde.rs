use super::membership::eval_not;
use super::prelude::*;
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!in~",
    signatures: &["(left: string|dynamic, list+: scalar) -> bool"],
    summary: "Whether a text equals none of a list, not minding the case of ASCII letters. An array in the list stands for its elements.",
    examples: &[("print 'bCa' !in~ ('123', '345', 'ABC')", "true")],
    body: Body::Eval(|args| eval_not(args, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
