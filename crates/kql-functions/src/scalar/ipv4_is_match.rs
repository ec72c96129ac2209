use super::ip::{Network, compare_arguments};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_is_match",
    signatures: &["(ip1: string, ip2: string, prefix?: long) -> bool"],
    summary: "Whether two IPv4 addresses are equal in as many first bits as the shortest prefix length says, of both texts \
              and `prefix` (0 to 32). Null when a text is no address.",
    examples: &[("print ipv4_is_match('192.168.1.1/24', '192.168.1.255')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.bools(|row| Some(compare_arguments(args, row, 32, Network::parse_v4)?.is_eq())))
}
