//! Who counts as one sender where requests are counted by address.

use std::net::{IpAddr, Ipv6Addr};

/// Returns the address under which what comes from an address is counted: of IPv6, the network of 64 bits that one host has for itself, and
/// an IPv4 address whichever way it is written.
///
/// # Source
/// RFC 4291, sections 2.5.1 and 2.5.5.2.
pub fn sender_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_counts_once() {
        let of = |text: &str| sender_of(text.parse().unwrap_or_else(|_| panic!("{text}"))).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
