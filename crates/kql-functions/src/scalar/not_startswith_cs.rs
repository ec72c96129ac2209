use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!startswith_cs",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text does not begin with the right one in the same case.",
    examples: &[("print 'Fabrikam' !startswith_cs 'fab'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::StartsWith, Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
