use super::ip::Network;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_netmask_suffix",
    signatures: &["(ip: string) -> long"],
    summary: "The prefix length of an IPv4 address's text, 32 when it has none; null when the text is no address.",
    examples: &[("print ipv4_netmask_suffix('192.168.1.1/24')", "24"), ("print ipv4_netmask_suffix('10.1.2.3')", "32")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    Ok(args.longs(|row| Network::parse_v4(ip.get(row)).map(|network| i64::from(network.prefix) - 96)))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn reads_the_suffix() {
        for (ip, expected) in
            [("10.1.2.3", Some(32)), ("192.168.1.1/24", Some(24)), ("1.1.1.1/0", Some(0)), ("abc", None)]
        {
            let expected = expected.map_or(Value::Null(KqlType::Long), Value::Long);
            assert_eq!(crate::call("ipv4_netmask_suffix", KqlType::Long, &[Value::String(ip.into())]), Ok(expected));
        }
    }
}
