use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hasprefix",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether a term of the left text begins with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'North America' hasprefix 'ame'", "true")],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::TermStart), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
