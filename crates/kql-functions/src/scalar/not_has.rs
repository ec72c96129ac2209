use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!has",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether the right text does not stand in the left one as whole terms, not minding the case of ASCII letters.",
    examples: &[("print 'North America' !has 'amer'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::Holds(Place::WholeTerms), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
