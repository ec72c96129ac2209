//! The addresses from which messages are taken.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of those who may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Senders(Vec<IpNet>);

impl Senders {
    /// Names networks.
    pub fn new(networks: Vec<IpNet>) -> Senders {
        Senders(networks)
    }

    /// Returns programs on this machine.
    pub fn this_machine() -> Senders {
        let v4 = IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
        Senders(vec![v4, IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST))])
    }

    /// Returns whether an address is of one of the networks, in whichever way an IPv4 address is written.
    pub fn may(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let of = |texts: &[&str]| Senders::new(texts.iter().map(|text| text.parse().unwrap()).collect());
        let may = |senders: &Senders, text: &str| senders.may(text.parse().unwrap());
        let senders = of(&["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]);
        for (address, is_let_in) in [
            ("192.0.2.255", true),
            ("::ffff:192.0.2.9", true),
            ("192.0.3.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(may(&senders, address), is_let_in, "{address}");
        }
        let own = Senders::this_machine();
        assert!(may(&own, "127.9.9.9") && may(&own, "::1") && !may(&own, "::2") && !may(&own, "10.0.0.1"));
        assert!(!may(&of(&[]), "127.0.0.1"));
    }
}
