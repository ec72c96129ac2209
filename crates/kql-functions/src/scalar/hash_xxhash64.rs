use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash_xxhash64",
    signatures: &["(source: notdynamic, mod?: integer) -> long"],
    summary: "The xxhash64 of a value. With a second argument, its remainder, from 0 to that number less 1. Null for null.",
    examples: &[
        ("print hash_xxhash64('World')", "1846988464401551951"),
        ("print hash_xxhash64('World', 100)", "51"),
        ("print hash_xxhash64(datetime(2015-01-01))", "1380966698541616202"),
    ],
    body: Body::Eval(super::hashing::hash),
    ..ScalarFunction::DEFAULT
};
