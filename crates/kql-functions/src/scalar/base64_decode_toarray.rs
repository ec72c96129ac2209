use super::base64_text::decode;
use super::prelude::*;
use super::texts::{Texts, build_texts};
use std::fmt::Write as _;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_decode_toarray",
    signatures: &["(base64_string: string) -> dynamic"],
    summary: "The bytes that a base64 text encodes, as an array of numbers; null when it is no base64.",
    examples: &[("print base64_decode_toarray('S3VzdG8=')", "[75,117,115,116,111]")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let encoded = Texts::of(args, 0);
    build_texts(args, |row, out| {
        let Some(bytes) = decode(&encoded.get(row)) else { return Ok(false) };
        out.push('[');
        for (i, byte) in bytes.iter().enumerate() {
            let separator = if i > 0 { "," } else { "" };
            // Writing to a string does not fail.
            let _ = write!(out, "{separator}{byte}");
        }
        out.push(']');
        Ok(true)
    })
}
