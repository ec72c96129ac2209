use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!endswith",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text does not end with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'Fabrikam' !endswith 'brik'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::EndsWith, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
