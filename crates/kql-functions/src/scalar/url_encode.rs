use super::percent_encoding::encode_texts;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "url_encode",
    signatures: &["(url: string) -> string"],
    summary: "A text with the characters that a URL does not take percent-encoded, and blanks as `+`.",
    examples: &[("print url_encode('https://www.bing.com/hello world')", "https%3a%2f%2fwww.bing.com%2fhello+world")],
    body: Body::Eval(|args| encode_texts(args, "+")),
    ..ScalarFunction::DEFAULT
};
