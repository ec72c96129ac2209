use super::ip::{Network, is_in_range};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_is_in_range",
    signatures: &["(ip: string, ip_range: string) -> bool"],
    summary: "Whether an IPv4 address is in a range, written with a prefix length (`/24`). Null when a text is no address.",
    examples: &[("print ipv4_is_in_range('192.168.1.6', '192.168.1.1/24')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.bools(|row| is_in_range(args, row, Network::parse_v4)))
}
