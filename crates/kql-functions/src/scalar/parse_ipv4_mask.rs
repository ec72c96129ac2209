use super::ip::{Network, prefix_argument};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "parse_ipv4_mask",
    signatures: &["(ip: string, prefix: long) -> long"],
    summary: "An IPv4 address as a number with at most the first `prefix` bits (0 to 32) kept; null when the text is no \
              address or the prefix is out of range.",
    examples: &[("print parse_ipv4_mask('127.0.0.1', 24)", "2130706432")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let ip = args.str(0);
    Ok(args.longs(|row| {
        let prefix = prefix_argument(args, 1, row, 32)??;
        Some(i64::from(Network::parse_v4(ip.get(row))?.limited(prefix + 96).first_v4()))
    }))
}

#[cfg(test)]
mod tests {
    use schema::{KqlType, Value};

    #[test]
    fn takes_the_shorter_prefix() {
        let null = Value::Null(KqlType::Long);
        for (ip, prefix, expected) in [
            ("127.0.0.1", 24, Value::Long(2_130_706_432)),
            ("192.1.168.3/30", 32, Value::Long(3_221_334_016)),
            ("192.1.168.2", 1000, null.clone()),
            ("192.1.168.2", -1, null.clone()),
            ("abc", 31, null.clone()),
        ] {
            let args = [Value::String(ip.into()), Value::Long(prefix)];
            assert_eq!(crate::call("parse_ipv4_mask", KqlType::Long, &args), Ok(expected), "{ip} {prefix}");
        }
    }
}
