use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hassuffix",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether a term of the left text ends with the right one, not minding the case of ASCII letters.",
    examples: &[("print 'North America' hassuffix 'ica'", "true")],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::TermEnd), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
