use super::base64_text::decode_texts;
use super::compression::unzlib;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "zlib_decompress_from_base64_string",
    signatures: &["(string: string) -> string"],
    summary: "The text that was compressed with zlib and then written in base64; empty when it was not, or is longer than \
              64 MB.",
    examples: &[
        (
            "print zlib_decompress_from_base64_string('eAEBFADr/zEyMzQ1Njc4OTBxd2VydHl1aW9wOAkGdw==')",
            "1234567890qwertyuiop",
        ),
        ("print zlib_decompress_from_base64_string('x0x0x0')", ""),
    ],
    body: Body::Eval(|args| decode_texts(args, |bytes| unzlib(&bytes))),
    ..ScalarFunction::DEFAULT
};
