use super::prelude::*;
use super::regex_rewrite::replace_all;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "replace_regex",
    signatures: &["(source: string, lookup_regex: constant string, rewrite_pattern: constant string) -> string"],
    summary: "A text with every match of a regular expression replaced. In the rewrite pattern `\\0` is the match, `\\1` to \
              `\\9` are what the capture groups matched, and `\\\\` is a backslash.",
    examples: &[
        ("print replace_regex('Number is 1', @'is (\\d+)', @'was: \\1')", "Number was: 1"),
        ("print replace_regex('a-b', @'(\\w)-(\\w)', @'\\2-\\1 (\\0)')", "b-a (a-b)"),
    ],
    body: Body::Eval(|args| replace_all(args, 0, 1, 2)),
    ..ScalarFunction::DEFAULT
};
