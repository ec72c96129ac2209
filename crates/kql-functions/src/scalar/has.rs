use super::prelude::*;
use super::text_match::{Test, eval};
use super::text_search::{Case, Place};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has",
    signatures: &["(left: string|dynamic, right: string) -> bool"],
    summary: "Whether the right text stands in the left one as whole terms, not minding the case of ASCII letters. A term is a run of letters and digits; the right text may hold other characters too, and the empty text is in every text.",
    examples: &[
        ("print 'North America' has 'america'", "true"),
        ("print 'North America' has 'amer'", "false"),
        ("print 'host 10.1.2.34' has '10.1.2.3'", "false"),
    ],
    body: Body::Eval(|args| eval(args, Test::Holds(Place::WholeTerms), Case::Insensitive)),
    ..ScalarFunction::DEFAULT
};
