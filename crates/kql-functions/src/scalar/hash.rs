use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "hash",
    signatures: &["(source: notdynamic, mod?: integer) -> long"],
    summary: "A number that scatters values evenly: the same for equal values. With a second argument, from 0 to that number \
              less 1. Null for null. Not to be kept beyond a query.",
    examples: &[
        ("print hash('World')", "1846988464401551951"),
        ("print hash('World', 100)", "51"),
        ("print hash(datetime(2015-01-01))", "1380966698541616202"),
    ],
    body: Body::Eval(super::hashing::hash),
    ..ScalarFunction::DEFAULT
};
