use super::prelude::*;
use super::text_match::{Test, eval_not};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "!contains",
    aliases: &["notcontains"],
    signatures: &["(left: string|dynamic, right: string|dynamic) -> bool"],
    summary: "Whether the right text occurs nowhere in the left one, not minding the case of ASCII letters.",
    examples: &[("print 'Fabrikam' !contains 'xyz'", "true")],
    body: Body::Eval(|args| eval_not(args, Test::Holds(Place::Anywhere), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
