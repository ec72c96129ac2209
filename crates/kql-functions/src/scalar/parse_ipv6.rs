use super::ip::{Compatible, Network};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_ipv6",
    signatures: &["(ip: string) -> string"],
    summary: "An IPv6 or IPv4 address in full, as eight groups of four digits, its bits past the prefix length cleared; \
              empty when the text is none. An IPv4 address is written as `::ffff:a.b.c.d`.",
    examples: &[
        ("print parse_ipv6('192.168.255.255/24')", "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
        ("print parse_ipv6('fe80::85d:e82c:9446:7994')", "fe80:0000:0000:0000:085d:e82c:9446:7994"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    Ok(args.strings(|row| Network::parse_v6(ip.get(row), Compatible::Kept).map(Network::canonical).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn writes_addresses_in_full() {
        for (ip, expected) in [
            ("192.168.255.255", "0000:0000:0000:0000:0000:ffff:c0a8:ffff"),
            ("192.168.255.255/24", "0000:0000:0000:0000:0000:ffff:c0a8:ff00"),
            ("1.2.3.4/0", "0000:0000:0000:0000:0000:ffff:0000:0000"),
            ("::ffff:1.2.3.4/24", "0000:0000:0000:0000:0000:ffff:0102:0300"),
            ("::1.2.3.4", "0000:0000:0000:0000:0000:0000:0102:0304"),
            ("2001:DB8::10", "2001:0db8:0000:0000:0000:0000:0000:0010"),
            ("2001:db8::10/17", "2001:0000:0000:0000:0000:0000:0000:0000"),
            ("2001:db8::10/0", "0000:0000:0000:0000:0000:0000:0000:0000"),
            ("fe80::1%eth0", "fe80:0000:0000:0000:0000:0000:0000:0001"),
            ("1:2:3:4:5:6:7:8:9", ""),
            ("2001:db8::10/129", ""),
            ("::ffff:1.2.3.4/120", ""),
            ("::ffff:1.2.3.400", ""),
            ("nope", ""),
            ("", ""),
        ] {
            let result = crate::call("parse_ipv6", KqlType::String, &[Value::String(ip.into())]);
            assert_eq!(result, Ok(Value::String(expected.into())), "{ip}");
        }
    }
}
