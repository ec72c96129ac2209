use super::prelude::*;
use super::regex_rewrite::replace_all;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "replace",
    signatures: &["(regex: constant string, rewrite: constant string, source: string) -> string"],
    summary: "The old form of `replace_regex`, with the text last.",
    examples: &[("print replace(@'is (\\d+)', @'was: \\1', 'Number is 1')", "Number was: 1")],
    body: Body::Eval(|args| replace_all(args, 2, 0, 1)),
    ..ScalarFunction::DEFAULT
};
