use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "contains",
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the right text occurs anywhere in the left one, not minding the case of ASCII letters.",
    examples: &[("print 'FabriKam' contains 'BRik'", "true"), ("print 'FabriKam' contains ''", "true")],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::Anywhere), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
