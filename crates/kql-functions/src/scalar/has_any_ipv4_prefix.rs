use super::ip::{beginning, has_any};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_any_ipv4_prefix",
    signatures: &[
        "(source: string|dynamic, ip_prefixes+: string) -> bool",
        "(source: string|dynamic, ip_prefixes: array) -> bool",
    ],
    summary: "Whether an IPv4 address with one of the beginnings is in a text, between characters other than letters and digits. They are given one by one or \
              as an array. A beginning is a whole address or ends with a point.",
    examples: &[("print has_any_ipv4_prefix('05:04:54 127.0.0.1 GET', dynamic(['127.0.', '192.168.']))", "true")],
    body: Body::Eval(|args| has_any(args, beginning)),
    ..ScalarFunction::DEFAULT
};
