use super::ip::{Network, is_in_any_range};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_is_in_any_range",
    signatures: &["(ip: string|dynamic, ranges+: string) -> bool", "(ip: string|dynamic, ranges: array) -> bool"],
    summary: "Whether an IPv4 address is in any of the ranges, given one by one or as an array. Null when it is in none and \
              a text is no address.",
    examples: &[
        ("print ipv4_is_in_any_range('192.168.1.6', '192.168.1.1/24', '10.0.0.1/8')", "true"),
        ("print ipv4_is_in_any_range('1.1.1.1', dynamic(['127.0.0.1', '10.0.0.0/8']))", "false"),
    ],
    body: Body::Eval(|args| is_in_any_range(args, Network::parse_v4)),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn looks_through_ranges() {
        let null = || Value::Null(KqlType::Bool);
        for (args, expected) in [
            (vec![s("192.168.1.6"), s("192.168.1.1/24"), s("10.0.0.1/8"), s("127.1.0.1/16")], Value::Bool(true)),
            (vec![s("127.0.0.1"), d(r#"["127.0.0.1","192.168.1.1"]"#)], Value::Bool(true)),
            (vec![d(r#""10.1.2.3""#), d(r#"["192.168.1.1/16","10.0.0.1/8"]"#)], Value::Bool(true)),
            (vec![s("1.1.1.1"), d(r#"["192.168.1.1/16","10.0.0.1/8"]"#)], Value::Bool(false)),
            (vec![s("1.1.1.1"), d("[]")], Value::Bool(false)),
            (vec![s("1.1.1.1"), s("x"), s("1.1.1.0/24")], Value::Bool(true)),
            (vec![s("1.1.1.1"), s("x"), s("2.1.1.0/24")], null()),
            (vec![s("x"), s("1.1.1.0/24")], null()),
            (vec![s(""), s("0.0.0.0/0")], null()),
        ] {
            assert_eq!(crate::call("ipv4_is_in_any_range", KqlType::Bool, &args), Ok(expected), "{args:?}");
        }
        for (ip, range, expected) in [
            ("192.168.1.1", "192.168.1.1", Value::Bool(true)),
            ("192.168.1.1", "192.168.1.255/24", Value::Bool(true)),
            ("192.168.1.1", "192.168.2.1/24", Value::Bool(false)),
            ("abc", "127.0.0.1", null()),
            ("1.1.1.1", "abc", null()),
        ] {
            assert_eq!(
                crate::call("ipv4_is_in_range", KqlType::Bool, &[s(ip), s(range)]),
                Ok(expected),
                "{ip} {range}"
            );
        }
    }
}
