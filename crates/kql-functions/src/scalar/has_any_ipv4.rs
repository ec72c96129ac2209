use super::ip::{exact, has_any};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "has_any_ipv4",
    signatures: &["(source: string|dynamic, ips+: string) -> bool", "(source: string|dynamic, ips: array) -> bool"],
    summary: "Whether one of the IPv4 addresses is in a text, between characters other than letters and digits. They are given one by one or \
              as an array. What is no address is in no text.",
    examples: &[
        ("print has_any_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1', '127.0.0.2')", "true"),
        ("print has_any_ipv4('127.0.0.256', dynamic(['127.0.0.256', '192.168.1.1']))", "false"),
    ],
    body: Body::Eval(|args| has_any(args, exact)),
    ..ScalarFunction::DEFAULT
};

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    fn has(function: &str, args: &[Value]) -> bool {
        crate::call(function, KqlType::Bool, args) == Ok(Value::Bool(true))
    }

    #[test]
    fn finds_addresses_and_beginnings() {
        let line = "05:04:54 127.0.0.1 GET /favicon.ico 404";
        assert!(has("has_ipv4", &[s(line), s("127.0.0.1")]));
        assert!(has("has_any_ipv4", &[s(line), s("127.0.0.2"), s("127.0.0.1")]));
        assert!(has("has_any_ipv4", &[s(line), d(r#"["127.0.0.1","x"]"#)]));
        assert!(has("has_any_ipv4", &[d(r#"{"ip":"127.0.0.1"}"#), s("127.0.0.1")]));
        assert!(!has("has_ipv4", &[s("05:04:54127.0.0.1 GET"), s("127.0.0.1")]));
        assert!(!has("has_ipv4", &[s("05:04:54 127.0.0.256 GET"), s("127.0.0.256")]));
        assert!(!has("has_ipv4", &[s(line), s("127.0.0.1/24")]));
        assert!(!has("has_any_ipv4", &[s(line), d("[]")]));
        assert!(has("has_ipv4_prefix", &[s(line), s("127.0.")]));
        assert!(has("has_ipv4_prefix", &[s(line), s("127.0.0.1")]));
        assert!(has("has_any_ipv4_prefix", &[s(line), d(r#"["192.168.","127."]"#)]));
        assert!(!has("has_ipv4_prefix", &[s(line), s("127.0")]));
        assert!(!has("has_ipv4_prefix", &[s("127.0.0.256"), s("127.0.")]));
        assert!(!has("has_any_ipv4_prefix", &[s("05:04:54127.0.0.1"), s("127.0."), s("192.")]));
        assert_eq!(crate::call("has_ipv4", KqlType::Bool, &[s(""), s("1.1.1.1")]), Ok(Value::Bool(false)));
    }
}
