use super::ip::{exact, has_any};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_ipv4",
    signatures: &["(source: string|dynamic, ip: string) -> bool"],
    summary: "Whether the IPv4 address is in a text, between characters other than letters and digits. What is no address is in no text.",
    examples: &[
        ("print has_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", "true"),
        ("print has_ipv4('05:04:54127.0.0.1 GET', '127.0.0.1')", "false"),
    ],
    body: Body::Eval(|args| has_any(args, exact)),
    ..ScalarFunction::DEFAULT
};
