use super::base64_text::encode;
use super::prelude::*;
use super::texts::build_strings;
use schema::dynamic::raw;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "base64_encode_fromarray",
    signatures: &["(bytes: array) -> string"],
    summary: "An array of bytes, numbers from 0 to 255, in base64; empty when it is no such array.",
    examples: &[("print base64_encode_fromarray(dynamic([75, 117, 115, 116, 111]))", "S3VzdG8=")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let array = args.str(0);
    build_strings(args, |row, out| {
        let bytes: Option<Vec<u8>> = raw::items(array.get(row)).map(|item| item.parse().ok()).collect();
        if let Some(bytes) = bytes {
            encode(&bytes, out);
        }
        Ok(())
    })
}
