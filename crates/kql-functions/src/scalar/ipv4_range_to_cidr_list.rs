use super::ip::{Network, v4_text};
use super::prelude::*;

pub static FUNCTION: ScalarFunction = ScalarFunction {
    name: "ipv4_range_to_cidr_list",
    signatures: &["(start_ip: string, end_ip: string) -> dynamic"],
    summary: "The fewest networks in prefix notation that make up the addresses from one to another, both included; null \
              when a text is no address or the end comes before the start.",
    examples: &[(
        "print ipv4_range_to_cidr_list('1.1.128.0', '1.1.140.255')",
        "[\"1.1.128.0/21\",\"1.1.136.0/22\",\"1.1.140.0/24\"]",
    )],
    body: Body::Eval(eval),
    ..ScalarFunction::DEFAULT
};

fn eval(args: &Args) -> Result<ArrayRef, EvalError> {
    let (start, end) = (args.str(0), args.str(1));
    Ok(args.dynamics(|row| {
        let start = Network::parse_v4(start.get(row))?.first_v4();
        let end = Network::parse_v4(end.get(row))?.first_v4();
        (start <= end).then(|| Dynamic::Array(networks(start, end).map(Dynamic::String).collect()))
    }))
}

/// Takes from the front the largest network that starts there and ends within the range, again and again.
fn networks(start: u32, end: u32) -> impl Iterator<Item = String> {
    let mut next = Some(u64::from(start));
    std::iter::from_fn(move || {
        let first = next?;
        let left = u64::from(end) + 1 - first;
        // By alignment (address 0 is aligned to everything) and by what is left.
        let bits = (first as u32).trailing_zeros().min(left.ilog2());
        let after = first + (1u64 << bits);
        next = (after <= u64::from(end)).then_some(after);
        Some(format!("{}/{}", v4_text(first as u32), 32 - bits))
    })
}

#[cfg(test)]
mod tests {
    use crate::scalar::dynamics::tests::{json_of, s};

    #[test]
    fn covers_ranges() {
        for (start, end, expected) in [
            ("1.1.128.0", "1.1.140.255", r#"["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]"#),
            ("10.0.0.1", "10.0.0.1", r#"["10.0.0.1/32"]"#),
            ("10.0.0.1", "10.0.0.4", r#"["10.0.0.1/32","10.0.0.2/31","10.0.0.4/32"]"#),
            ("0.0.0.0", "255.255.255.255", r#"["0.0.0.0/0"]"#),
            ("255.255.255.255", "255.255.255.255", r#"["255.255.255.255/32"]"#),
            ("10.0.0.2", "10.0.0.1", "null"),
            ("x", "10.0.0.1", "null"),
        ] {
            assert_eq!(json_of("ipv4_range_to_cidr_list", &[s(start), s(end)]), expected);
        }
    }
}
