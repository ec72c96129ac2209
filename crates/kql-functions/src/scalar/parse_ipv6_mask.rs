use super::ip::{Compatible, Network, prefix_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_ipv6_mask",
    signatures: &["(ip: string, prefix: long) -> string"],
    summary: "An IPv6 or IPv4 address in full with at most the first `prefix` bits (0 to 128) kept; empty when the text is \
              no address or the prefix is out of range. An IPv4 address is written as `::ffff:a.b.c.d`.",
    examples: &[
        ("print parse_ipv6_mask('192.168.255.255', 120)", "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
        ("print parse_ipv6_mask('fe80::85d:e82c:9446:7994/120', 124)", "fe80:0000:0000:0000:085d:e82c:9446:7900"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    let canonical = |row: usize| {
        let prefix = prefix_argument(args, 1, row, 128)??;
        Some(Network::parse_v6(ip.get(row), Compatible::Mapped)?.limited(prefix).canonical())
    };
    Ok(args.strings(|row| canonical(row).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn takes_the_shorter_prefix() {
        for (ip, prefix, expected) in [
            ("192.168.255.255", 120, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("192.168.255.255/24", 124, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("255.255.255.255", 128, "0000:0000:0000:0000:0000:ffff:ffff:ffff"),
            ("fe80::85d:e82c:9446:7994", 128, "fe80:0000:0000:0000:085d:e82c:9446:7994"),
            ("fe80::85d:e82c:9446:7994/120", 124, "fe80:0000:0000:0000:085d:e82c:9446:7900"),
            ("::192.168.255.255", 128, "0000:0000:0000:0000:0000:ffff:c0a8:ffff"),
            ("::192.168.255.255/24", 128, "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("127.0.0.1", 24, "0000:0000:0000:0000:0000:0000:0000:0000"),
            ("::1", 129, ""),
            ("x", 24, ""),
        ] {
            let result =
                crate::call("parse_ipv6_mask", KqlType::String, &[Value::String(ip.into()), Value::Long(prefix)]);
            assert_eq!(result, Ok(Value::String(expected.into())), "{ip} {prefix}");
        }
    }
}
