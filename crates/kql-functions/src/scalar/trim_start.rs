use super::prelude::*;
use super::trimming::{Ends, trim};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "trim_start",
    signatures: &["(regex: constant string, source: string) -> string"],
    summary: "A text without what a regular expression matches at its beginning.",
    examples: &[("print trim_start('https://', 'https://bing.com')", "bing.com")],
    body: Body::Eval(|args| trim(args, Ends::Start)),
    ..ScalarFunction::DEFAULT
};
