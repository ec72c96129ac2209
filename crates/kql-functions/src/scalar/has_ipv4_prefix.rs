use super::ip::{beginning, has_any};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_ipv4_prefix",
    signatures: &["(source: string|dynamic, ip_prefix: string) -> bool"],
    summary: "Whether an IPv4 address with the beginning is in a text, between characters other than letters and digits. A beginning is a whole address or ends with a point.",
    examples: &[
        ("print has_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.')", "true"),
        ("print has_ipv4_prefix('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0')", "false"),
    ],
    body: Body::Eval(|args| has_any(args, beginning)),
    ..ScalarFunction::DEFAULT
};
