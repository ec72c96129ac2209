use super::ip::{Network, prefix_argument, v4_text};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "format_ipv4",
    signatures: &["(ip: scalar, prefix?: long) -> string"],
    summary: "An IPv4 address, given as text or number, with at most the first `prefix` bits (0 to 32) kept; empty when it \
              is no address or the prefix is out of range.",
    examples: &[
        ("print format_ipv4('192.168.1.255', 24)", "192.168.1.0"),
        ("print format_ipv4(3232236031, 24)", "192.168.1.0"),
    ],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.strings(|row| network(args, row).map(|network| v4_text(network.first_v4())).unwrap_or_default()))
}

/// Returns the network of a call's arguments.
pub fn network(args: &Args, row: usize) -> Option<Network> {
    let ip = &args.args[0];
    let network = match ip.ktype {
        KqlType::Int | KqlType::Long => Network::parse_v4(&v4_text(u32::try_from(ip.longs().get(row)?).ok()?)),
        KqlType::Dynamic => {
            let text = super::dynamics::text(ip, row);
            let number = text.parse::<u32>().ok().map(v4_text);
            Network::parse_v4(number.as_deref().unwrap_or(&text))
        }
        _ => Network::parse_v4(&super::dynamics::text(ip, row)),
    }?;
    let prefix = prefix_argument(args, 1, row, 32)?;
    Some(network.limited(prefix.map_or(128, |prefix| prefix + 96)))
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{d, s};
    use schema::{KqlType, Value};

    #[test]
    fn formats_texts_and_numbers() {
        for (ip, prefix, address, masked) in [
            (s("192.168.1.1"), 24, "192.168.1.0", "192.168.1.0/24"),
            (s("192.168.1.1"), 32, "192.168.1.1", "192.168.1.1/32"),
            (s("192.168.1.1/24"), 32, "192.168.1.0", "192.168.1.0/24"),
            (s("192.168.1.1/24"), -1, "", ""),
            (Value::Long(3_232_236_031), 24, "192.168.1.0", "192.168.1.0/24"),
            (Value::Long(-1), 24, "", ""),
            (Value::Int(1), 32, "0.0.0.1", "0.0.0.1/32"),
            (d("3232236031"), 24, "192.168.1.0", "192.168.1.0/24"),
            (s("abc"), 24, "", ""),
            (Value::Bool(true), 24, "", ""),
        ] {
            let args = [ip, Value::Long(prefix)];
            assert_eq!(crate::call("format_ipv4", KqlType::String, &args), Ok(s(address)), "{args:?}");
            assert_eq!(crate::call("format_ipv4_mask", KqlType::String, &args), Ok(s(masked)), "{args:?}");
        }
        assert_eq!(crate::call("format_ipv4", KqlType::String, &[s("10.1.2.3/8")]), Ok(s("10.0.0.0")));
    }
}
