use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hasprefix_cs",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether a term of the left text begins with the right one, in the same case.",
    examples: &[("print 'North America' hasprefix_cs 'Ame'", "true")],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::TermStart), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
