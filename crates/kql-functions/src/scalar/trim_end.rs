use super::prelude::*;
use super::trimming::{Ends, trim};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "trim_end",
    signatures: &["(regex: constant string, source: string) -> string"],
    summary: "A text without what a regular expression matches at its end.",
    examples: &[("print trim_end('.com', 'bing.com')", "bing")],
    body: Body::Eval(|args| trim(args, Ends::End)),
    ..ScalarFunction::DEFAULT
};
