use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_cs",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether the right text stands in the left one as whole terms, in the same case.",
    examples: &[
        ("print 'North America' has_cs 'America'", "true"),
        ("print 'North America' has_cs 'america'", "false"),
    ],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::WholeTerms), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
