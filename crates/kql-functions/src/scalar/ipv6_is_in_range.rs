use super::ip::{Compatible, Network, is_in_range};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv6_is_in_range",
    signatures: &["(ip: string, ip_range: string) -> bool"],
    summary: "Whether an IPv6 or IPv4 address is in a range, written with a prefix length (`/24`). Null when a text is no address.",
    examples: &[(
        "print ipv6_is_in_range('a5e:f127:8a9d:146d:e102:b5d3:c755:abcd', 'a5e:f127:8a9d:146d:e102:b5d3:c755:0000/112')",
        "true",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    Ok(args.bools(|row| is_in_range(args, row, |text| Network::parse_v6(text, Compatible::Mapped))))
}
