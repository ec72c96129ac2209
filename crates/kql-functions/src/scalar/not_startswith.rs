use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::Case;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!startswith",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the left text does not begin with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'Fabrikam' !startswith 'kam'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::StartsWith, Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
