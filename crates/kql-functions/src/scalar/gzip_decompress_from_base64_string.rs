use super::base64_text::decode_texts;
use super::compression::gunzip;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "gzip_decompress_from_base64_string",
    signatures: &["(string: string) -> string"],
    summary: "The text that was compressed with gzip and then written in base64; empty when it was not, or is longer than \
              64 MB.",
    examples: &[
        (
            "print gzip_decompress_from_base64_string('H4sIAAAAAAAA/wEUAOv/MTIzNDU2Nzg5MHF3ZXJ0eXVpb3A6m7f2FAAAAA==')",
            "1234567890qwertyuiop",
        ),
        ("print gzip_decompress_from_base64_string('x0x0x0')", ""),
    ],
    body: Body::Eval(|args| decode_texts(args, |bytes| gunzip(&bytes))),
    ..ScalarFunction::DEFAULT
};
