use super::hashing::hex_digest;
use super::prelude::*;
use sha2::Sha256;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_sha256",
    signatures: &["(source: notdynamic) -> string"],
    summary: "The SHA-256 of a value's text, in hexadecimal digits.",
    examples: &[("print hash_sha256('World')", "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524")],
    body: Body::Eval(hex_digest::<Sha256>),
    ..ScalarFunction::DEFAULT
};
