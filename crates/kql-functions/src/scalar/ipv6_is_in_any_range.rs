use super::ip::{Compatible, Network, is_in_any_range};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv6_is_in_any_range",
    signatures: &["(ip: string|dynamic, ranges+: string) -> bool", "(ip: string|dynamic, ranges: array) -> bool"],
    summary: "Whether an IPv6 or IPv4 address is in any of the ranges, given one by one or as an array. Null when it is in none and \
              a text is no address.",
    examples: &[("print ipv6_is_in_any_range('a5e:f127::abcd', dynamic(['a5e:f127::/32', '::1']))", "true")],
    body: Body::Eval(|args| is_in_any_range(args, |text| Network::parse_v6(text, Compatible::Mapped))),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn looks_through_ranges() {
        let ip = "a5e:f127:8a9d:146d:e102:b5d3:c755:abcd";
        for (range, expected) in
            [("a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112", true), (ip, true), ("0:0:0:0:0:ffff:c0a8:ac/60", false)]
        {
            for name in ["ipv6_is_in_range", "ipv6_is_in_any_range"] {
                assert_eq!(crate::call(name, KqlType::Bool, &[s(ip), s(range)]), Ok(Value::Bool(expected)), "{range}");
            }
        }
        let args = [s("10.1.2.3"), d(r#"["::1","::ffff:10.0.0.0/8"]"#)];
        assert_eq!(crate::call("ipv6_is_in_any_range", KqlType::Bool, &args), Ok(Value::Bool(true)));
    }
}
