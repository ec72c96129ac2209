use super::hashing::hex_digest;
use super::prelude::*;
use sha1::Sha1;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_sha1",
    signatures: &["(source: notdynamic) -> string"],
    summary: "The SHA-1 of a value's text, in hexadecimal digits.",
    examples: &[("print hash_sha1('World')", "70c07ec18ef89c5309bbb0937f3a6342411e1fdd")],
    body: Body::Eval(hex_digest::<Sha1>),
    ..ScalarFunction::DEFAULT
};
