use super::ip::{Compatible, Network, compare_arguments};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv6_compare",
    signatures: &["(ip1: string, ip2: string, prefix?: long) -> long"],
    summary: "Compares two IPv6 or IPv4 addresses: 0 when they are equal, 1 when the first is greater, -1 when it is less. Only \
              as many first bits count as the shortest prefix length says, of both texts and `prefix` (0 to 128). Null \
              when a text is no address.",
    examples: &[
        ("print ipv6_compare('192.168.1.1', '::ffff:c0a8:0101')", "0"),
        ("print ipv6_compare('fe80::85d:e82c:9446:7994', 'fe80::85d:e82c:9446:7995', 127)", "0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.longs(|row| {
        Some(compare_arguments(args, row, 128, |text| Network::parse_v6(text, Compatible::Mapped))? as i64)
    }))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn both_kinds_compare() {
        for (a, b, prefix, expected) in [
            ("192.168.1.1", "192.168.1.1", None, Some(0)),
            ("192.168.1.1/24", "192.168.1.255", None, Some(0)),
            ("192.168.1.1", "192.168.1.255", None, Some(-1)),
            ("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998", None, Some(0)),
            ("fe80::85d:e82c:9446:7998", "fe80::85d:e82c:9446:7994", None, Some(1)),
            ("192.168.1.1", "::ffff:c0a8:0101", None, Some(0)),
            ("::ffff:c0a8:0101", "192.168.1.255/24", None, Some(0)),
            ("::192.168.1.1/30", "192.168.1.255/24", None, Some(0)),
            ("fe80::85d:e82c:9446:7994", "fe80::85d:e82c:9446:7995", Some(127), Some(0)),
            ("fe80::85d:e82c:9446:7994/120", "fe80::85d:e82c:9446:7998", Some(127), Some(0)),
            ("::ffff:c0a8:0101", "192.168.1.255", Some(120), Some(0)),
            ("::1", "::2", Some(129), None),
            ("::g", "::2", None, None),
        ] {
            let mut args = vec![Value::String(a.into()), Value::String(b.into())];
            args.extend(prefix.map(Value::Long));
            let value = |result: Option<i64>| result.map_or(Value::Null(KqlType::Long), Value::Long);
            assert_eq!(crate::call("ipv6_compare", KqlType::Long, &args), Ok(value(expected)), "{a} {b}");
            let matches = expected.map_or(Value::Null(KqlType::Bool), |order| Value::Bool(order == 0));
            assert_eq!(crate::call("ipv6_is_match", KqlType::Bool, &args), Ok(matches), "{a} {b}");
        }
    }
}
