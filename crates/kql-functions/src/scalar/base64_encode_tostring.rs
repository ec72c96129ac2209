use super::base64_text::encode_texts;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_encode_tostring",
    aliases: &["base64_encodestring"],
    signatures: &["(string: string) -> string"],
    summary: "The UTF-8 bytes of a text in base64.",
    examples: &[("print base64_encode_tostring('Kusto')", "S3VzdG8=")],
    body: Body::Eval(|args| encode_texts(args, |text| Some(text.as_bytes().to_vec()))),
    ..ScalarFunction::DEFAULT
};
