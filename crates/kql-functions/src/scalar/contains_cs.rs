use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "contains_cs",
    aliases: &["containscs"],
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the right text occurs anywhere in the left one, in the same case.",
    examples: &[("print 'FabriKam' contains_cs 'Kam'", "true"), ("print 'FabriKam' contains_cs 'kam'", "false")],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::Anywhere), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
