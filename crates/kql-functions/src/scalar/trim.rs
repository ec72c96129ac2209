use super::prelude::*;
use super::trimming::{Ends, trim};

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "trim",
    signatures: &["(regex: constant string, source: string) -> string"],
    summary: "A text without what a regular expression matches at its beginning and at its end.",
    examples: &[
        ("print trim('--', '--https://bing.com--')", "https://bing.com"),
        ("print trim(@'\\s+', '  Hello, world!  ')", "Hello, world!"),
    ],
    body: Body::Eval(|args| trim(args, Ends::Both)),
    ..ScalarFunction::DEFAULT
};
