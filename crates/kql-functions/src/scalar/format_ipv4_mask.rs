use super::format_ipv4::network;
use super::ip::v4_text;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "format_ipv4_mask",
    signatures: &["(ip: scalar, prefix?: long) -> string"],
    summary: "An IPv4 address, given as text or number, with at most the first `prefix` bits (0 to 32) kept, in prefix \
              notation; empty when it is no address or the prefix is out of range.",
    examples: &[
        ("print format_ipv4_mask('192.168.1.255', 24)", "192.168.1.0/24"),
        ("print format_ipv4_mask('192.168.1.1/24', 32)", "192.168.1.0/24"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.strings(|row| {
        network(args, row)
            .map(|network| format!("{}/{}", v4_text(network.first_v4()), network.prefix - 96))
            .unwrap_or_default()
    }))
}
