use super::membership::eval;
use super::prelude::*;
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "in~",
    signatures: &["(left: string|dynamic, list+: scalar) -> bool"],
    summary: "Whether a text equals one of a list, not minding the case of ASCII letters. An array in the list stands for its elements.",
    examples: &[("print 'Abc' in~ ('123', '345', 'abc')", "true")],
    body: Body::Eval(|args| eval(args, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
