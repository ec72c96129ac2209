use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "startswith",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text begins with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'Fabrikam' startswith 'fab'", "true")],
    body: Body::Eval(|args| eval(args, Test::StartsWith, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
