use super::hashing::hex_digest;
use super::prelude::*;
use md5::Md5;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_md5",
    signatures: &["(source: notdynamic) -> string"],
    summary: "The MD5 of a value's text, in hexadecimal digits.",
    examples: &[("print hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6")],
    body: Body::Eval(hex_digest::<Md5>),
    ..ScalarFunction::DEFAULT
};
