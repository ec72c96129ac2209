use super::ip::Network;
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_ipv4",
    signatures: &["(ip: string) -> long"],
    summary: "An IPv4 address as a number, its bits past the prefix length (`/24`) cleared; null when the text is none.",
    examples: &[
        ("print parse_ipv4('192.168.1.1')", "3232235777"),
        ("print parse_ipv4('192.168.1.1/24')", "3232235776"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    Ok(args.longs(|row| Network::parse_v4(ip.get(row)).map(|network| i64::from(network.first_v4()))))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn masks_and_refuses() {
        for (ip, expected) in [
            ("192.168.1.1", Value::Long(3_232_235_777)),
            ("192.168.1.1/24", Value::Long(3_232_235_776)),
            ("255.255.255.255/31", Value::Long(4_294_967_294)),
            ("nope", Value::Null(KqlType::Long)),
        ] {
            assert_eq!(crate::call("parse_ipv4", KqlType::Long, &[Value::String(ip.into())]), Ok(expected));
        }
    }
}
