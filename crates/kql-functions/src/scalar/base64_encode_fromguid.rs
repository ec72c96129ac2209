use super::base64_text::encode_texts;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_encode_fromguid",
    signatures: &["(guid: guid) -> string"],
    summary: "The 16 bytes of a guid in base64, the bytes of its first three groups in reverse order as Windows keeps them; \
              empty for null.",
    examples: &[(
        "print base64_encode_fromguid(toguid('ae3133f2-6e22-49ae-b06a-16e6a9b212eb'))",
        "8jMxriJurkmwahbmqbIS6w==",
    )],
    body: Body::Eval(|args| {
        encode_texts(args, |guid| uuid::Uuid::parse_str(guid).ok().map(|guid| guid.to_bytes_le().to_vec()))
    }),
    ..ScalarFunction::DEFAULT
};
