use super::base64_text::decode_texts;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_decode_tostring",
    aliases: &["base64_decodestring"],
    signatures: &["(base64_string: string) -> string"],
    summary: "The text whose UTF-8 bytes a base64 text encodes; empty when it is no base64 or the bytes are no UTF-8.",
    examples: &[
        ("print base64_decode_tostring('S3VzdG8=')", "Kusto"),
        ("print base64_decode_tostring('U3RyaW5n0KHR0tGA0L7Rh9C60LA=')", ""),
    ],
    body: Body::Eval(|args| decode_texts(args, |bytes| String::from_utf8(bytes).ok())),
    ..ScalarFunction::DEFAULT
};
