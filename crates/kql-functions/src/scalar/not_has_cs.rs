use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!has_cs",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether the right text does not stand in the left one as whole terms in the same case.",
    examples: &[("print 'North America' !has_cs 'amer'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::Holds(Place::WholeTerms), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
