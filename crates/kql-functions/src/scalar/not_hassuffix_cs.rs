use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!hassuffix_cs",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether no term of the left text ends with the right one in the same case.",
    examples: &[("print 'North America' !hassuffix_cs 'icA'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::Holds(Place::TermEnd), Case::Sensitive)),
    ..ScalarFunction::DEFAULT
};
