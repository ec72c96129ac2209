use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!contains_cs",
    aliases: &["notcontainscs"],
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the right text occurs nowhere in the left one in the same case.",
    examples: &[("print 'Fabrikam' !contains_cs 'Kam'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::Holds(Place::Anywhere), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
