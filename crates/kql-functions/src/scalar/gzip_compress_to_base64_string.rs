use super::base64_text::encode_texts;
use super::compression::gzip;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "gzip_compress_to_base64_string",
    signatures: &["(string: string) -> string"],
    summary: "A text compressed with gzip, in base64.",
    examples: &[(
        "print gzip_compress_to_base64_string('1234567890qwertyuiop')",
        "H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==",
    )],
    body: Body::Eval(|args| encode_texts(args, |text| gzip(text.as_bytes()))),
    ..ScalarFunction::DEFAULT
};
