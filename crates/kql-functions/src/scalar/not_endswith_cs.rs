use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!endswith_cs",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text does not end with the right one in the same case.",
    examples: &[("print 'Fabrikam' !endswith_cs 'Kam'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::EndsWith, Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
