use super::ip::{Network, compare_arguments};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_compare",
    signatures: &["(ip1: string, ip2: string, prefix?: long) -> long"],
    summary: "Compares two IPv4 addresses: 0 when they are equal, 1 when the first is greater, -1 when it is less. Only \
              as many first bits count as the shortest prefix length says, of both texts and `prefix` (0 to 32). Null \
              when a text is no address.",
    examples: &[
        ("print ipv4_compare('192.168.1.1/24', '192.168.1.255')", "0"),
        ("print ipv4_compare('10.0.0.1', '10.0.0.2')", "-1"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.longs(|row| Some(compare_arguments(args, row, 32, Network::parse_v4)? as i64)))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn the_shortest_prefix_counts() {
        for (a, b, prefix, expected) in [
            ("192.168.1.0", "192.168.1.0", None, Some(0)),
            ("192.168.1.1/24", "192.168.1.255", None, Some(0)),
            ("192.168.1.1", "192.168.1.255/24", None, Some(0)),
            ("192.168.1.1/30", "192.168.1.255/24", None, Some(0)),
            ("192.168.1.1", "192.168.1.255", None, Some(-1)),
            ("192.168.1.255", "192.168.1.1", None, Some(1)),
            ("192.168.1.1", "192.168.1.0", Some(31), Some(0)),
            ("192.168.1.1/24", "192.168.1.255", Some(31), Some(0)),
            ("192.168.1.1", "192.168.1.255", Some(24), Some(0)),
            ("10.0.0.1", "192.168.1.255", Some(0), Some(0)),
            ("10.0.0.1", "10.0.0.1", Some(33), None),
            ("abc", "10.0.0.1", None, None),
        ] {
            let mut args = vec![Value::String(a.into()), Value::String(b.into())];
            args.extend(prefix.map(Value::Long));
            let value = |result: Option<i64>| result.map_or(Value::Null(KqlType::Long), Value::Long);
            assert_eq!(crate::call("ipv4_compare", KqlType::Long, &args), Ok(value(expected)), "{a} {b}");
            let matches = expected.map_or(Value::Null(KqlType::Bool), |order| Value::Bool(order == 0));
            assert_eq!(crate::call("ipv4_is_match", KqlType::Bool, &args), Ok(matches), "{a} {b}");
        }
    }
}
