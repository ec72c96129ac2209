use super::base64_text::encode_texts;
use super::compression::zlib;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "zlib_compress_to_base64_string",
    signatures: &["(string: string) -> string"],
    summary: "A text compressed with zlib, in base64.",
    examples: &[(
        "print zlib_compress_to_base64_string('1234567890qwertyuiop')",
        "eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==",
    )],
    body: Body::Eval(|args| encode_texts(args, |text| zlib(text.as_bytes()))),
    ..ScalarFunction::DEFAULT
};
