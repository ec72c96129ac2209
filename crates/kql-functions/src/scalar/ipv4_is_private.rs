use super::ip::Network;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_is_private",
    signatures: &["(ip: string) -> bool"],
    summary: "Whether an IPv4 address is in one of the private networks 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16; null \
              when the text is no address.",
    examples: &[("print ipv4_is_private('192.168.1.1/24')", "true"), ("print ipv4_is_private('127.0.0.1')", "false")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    Ok(args.bools(|row| {
        let address = Network::parse_v4(ip.get(row))?.first_v4();
        Some(std::net::Ipv4Addr::from(address).is_private())
    }))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn knows_the_private_networks() {
        for (ip, expected) in [
            ("10.1.2.3/24", Some(true)),
            ("192.168.1.1/24", Some(true)),
            ("172.15.255.255", Some(false)),
            ("172.16.0.0", Some(true)),
            ("172.31.255.255", Some(true)),
            ("172.32.0.0", Some(false)),
            ("202.1.2.3", Some(false)),
            ("127.0.0.1", Some(false)),
            ("abc", None),
        ] {
            let expected = expected.map_or(Value::Null(KqlType::Bool), Value::Bool);
            assert_eq!(
                crate::call("ipv4_is_private", KqlType::Bool, &[Value::String(ip.into())]),
                Ok(expected),
                "{ip}"
            );
        }
    }
}
