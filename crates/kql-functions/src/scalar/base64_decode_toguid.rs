use super::base64_text::decode;
use super::prelude::*;
use super::texts::Texts;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_decode_toguid",
    signatures: &["(base64_string: string) -> guid"],
    summary: "The guid whose 16 bytes a base64 text encodes, as `base64_encode_fromguid` writes them; null when it does not.",
    examples: &[
        ("print base64_decode_toguid('8jMxriJurkmwahbmqbIS6w==')", "ae3133f2-6e22-49ae-b06a-16e6a9b212eb"),
        ("print base64_decode_toguid('abcd1231')", ""),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let encoded = Texts::of(args, 0);
    Ok(args.texts(|row| {
        let bytes: [u8; 16] = decode(&encoded.get(row))?.try_into().ok()?;
        Some(uuid::Uuid::from_bytes_le(bytes).to_string())
    }))
}
