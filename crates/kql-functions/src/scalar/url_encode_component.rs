use super::percent_encoding::encode_texts;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "url_encode_component",
    signatures: &["(url: string) -> string"],
    summary: "A text with the characters that a URL does not take percent-encoded, and blanks as `%20`.",
    examples: &[("print url_encode_component('hello world')", "hello%20world")],
    body: Body::Eval(|args| encode_texts(args, "%20")),
    ..ScalarFunction::DEFAULT
};
