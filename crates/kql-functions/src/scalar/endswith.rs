use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "endswith",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text ends with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'Fabrikam' endswith 'Kam'", "true")],
    body: Body::Eval(|args| eval(args, Test::EndsWith, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
