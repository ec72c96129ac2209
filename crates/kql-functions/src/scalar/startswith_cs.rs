use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "startswith_cs",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text begins with the right one, in the same case.",
    examples: &[("print 'Fabrikam' startswith_cs 'Fab'", "true")],
    body: Body::Eval(|args| eval(args, Test::StartsWith, Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
