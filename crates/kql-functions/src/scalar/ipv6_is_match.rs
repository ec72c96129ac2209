use super::ip::{Compatible, Network, compare_arguments};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv6_is_match",
    signatures: &["(ip1: string, ip2: string, prefix?: long) -> bool"],
    summary: "Whether two IPv6 or IPv4 addresses are equal in as many first bits as the shortest prefix length says, of both texts \
              and `prefix` (0 to 128). Null when a text is no address.",
    examples: &[("print ipv6_is_match('fe80::85d:e82c:9446:7994/120', 'fe80::85d:e82c:9446:7998')", "true")],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.bools(|row| {
        Some(compare_arguments(args, row, 128, |text| Network::parse_v6(text, Compatible::Mapped))?.is_eq())
    }))
}
