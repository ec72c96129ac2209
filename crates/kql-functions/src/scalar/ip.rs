//! IP addresses as Kusto's functions read them: with an optional prefix length (`192.168.1.1/24`), in a text, in ranges.
//!
//! Both kinds are one 128-bit number here, an IPv4 address as `::ffff:a.b.c.d`, so that ranges and comparisons are
//! written once.
//!
//! # Source
//! Kusto reference, "IP-prefix notation" and the functions' pages.

use super::prelude::*;
use super::{dynamics, dynamics::text};
use std::net::Ipv6Addr;

/// The bits of an IPv4 address inside the 128.
const V4_MAPPED: u128 = 0xFFFF_0000_0000;
/// Bits before an IPv4 address.
const V4_OFFSET: u8 = 96;

/// An address and how many of its first bits count, 0 to 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: u128,
    pub prefix: u8,
}

/// How a dotted tail after zeros (`::1.2.3.4`) is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatible {
    /// As it stands.
    Kept,
    /// As the IPv4 address itself, `::ffff:1.2.3.4`.
    Mapped,
}

impl Network {
    /// Reads an IPv4 address. Blanks around it are skipped; a number with leading zeros is refused.
    pub fn parse_v4(text: &str) -> Option<Network> {
        let text = text.trim();
        let (address, prefix) = split_prefix(text, 32)?;
        Some(Network { address: mapped(v4(address)?), prefix: prefix + V4_OFFSET })
    }

    /// Reads an IPv6 or IPv4 address. A zone (`%eth0`) is dropped; after a dotted tail the prefix is that of IPv4.
    pub fn parse_v6(text: &str, compatible: Compatible) -> Option<Network> {
        let text = text.trim();
        if !text.contains(':') {
            return Network::parse_v4(text);
        }
        let dotted = text.contains('.');
        let (address, prefix) = split_prefix(text, if dotted { 32 } else { 128 })?;
        let address = address.split('%').next().unwrap_or(address);
        let mut address = u128::from(address.parse::<Ipv6Addr>().ok()?);
        if dotted && compatible == Compatible::Mapped && address >> 32 == 0 {
            address |= V4_MAPPED;
        }
        Some(Network { address, prefix: if dotted { prefix + V4_OFFSET } else { prefix } })
    }

    /// Returns the network with at most that many counting bits.
    pub fn limited(self, prefix: u8) -> Network {
        Network { prefix: self.prefix.min(prefix), ..self }
    }

    /// Returns the address with the bits past the prefix cleared.
    pub fn first(self) -> u128 {
        self.address & mask(self.prefix)
    }

    /// Returns the address with the bits past the prefix set.
    pub fn last(self) -> u128 {
        self.address | !mask(self.prefix)
    }

    /// Returns the first address as the 32 bits of IPv4.
    pub fn first_v4(self) -> u32 {
        self.first() as u32
    }

    /// Compares two networks by the bits that count in both.
    pub fn compare(self, other: Network) -> std::cmp::Ordering {
        let prefix = self.prefix.min(other.prefix);
        self.limited(prefix).first().cmp(&other.limited(prefix).first())
    }

    /// Returns the first address as eight groups of four digits, the canonical form of `parse_ipv6()`.
    pub fn canonical(self) -> String {
        let groups: Vec<String> =
            Ipv6Addr::from(self.first()).segments().iter().map(|group| format!("{group:04x}")).collect();
        groups.join(":")
    }
}

/// Returns a text's address and prefix length, `most` when it has none.
fn split_prefix(text: &str, most: u8) -> Option<(&str, u8)> {
    match text.split_once('/') {
        None => Some((text, most)),
        Some((address, prefix)) => {
            let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
            let prefix: u8 = digits.then(|| prefix.parse().ok())??;
            (prefix <= most).then_some((address, prefix))
        }
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0)
}

fn mapped(address: u32) -> u128 {
    V4_MAPPED | u128::from(address)
}

/// Reads four numbers with points between them.
fn v4(text: &str) -> Option<u32> {
    let (address, end) = v4_at(text.as_bytes(), 0)?;
    (end == text.len()).then_some(address)
}

/// Reads an IPv4 address that starts at a place; returns it and the place after it.
fn v4_at(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let mut at = start;
    let mut address = 0u32;
    for part in 0..4 {
        if part > 0 {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = bytes.get(at..)?.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let octet = bytes.get(at..at + digits)?.iter().fold(0u32, |octet, b| octet * 10 + u32::from(b - b'0'));
        if digits == 0 || octet > 255 || (digits > 1 && bytes.get(at) == Some(&b'0')) {
            return None;
        }
        at += digits;
        address = address << 8 | octet;
    }
    Some((address, at))
}

/// Returns an IPv4 address's text.
pub fn v4_text(address: u32) -> String {
    std::net::Ipv4Addr::from(address).to_string()
}

/// Returns the IPv4 addresses in a text that stand between characters other than letters and digits.
pub fn addresses(text: &str) -> impl Iterator<Item = u128> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'.', bytes).filter_map(move |dot| {
        // The digits before a point may open an address.
        let digits = bytes[..dot].iter().rev().take_while(|b| b.is_ascii_digit()).count().min(4);
        let start = dot - digits;
        let (address, end) = v4_at(bytes, start)?;
        let before = text.get(..start)?.chars().next_back();
        let after = text.get(end..)?.chars().next();
        let delimited = !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric);
        delimited.then_some(mapped(address))
    })
}

/// Addresses from one to another, both included.
pub type Range = (u128, u128);

/// Returns the addresses that `has_ipv4()` looks for: one address without a prefix length.
pub fn exact(text: &str) -> Option<Range> {
    v4(text).map(|address| (mapped(address), mapped(address)))
}

/// Returns the addresses that `has_ipv4_prefix()` looks for: an address, or its beginning up to and with a point.
pub fn beginning(text: &str) -> Option<Range> {
    let Some(parts) = text.strip_suffix('.') else { return exact(text) };
    let missing = 3usize.checked_sub(parts.matches('.').count())?;
    let filled = format!("{parts}{}", ".0".repeat(missing));
    let first = v4(&filled).filter(|_| missing > 0)?;
    let last = first | (u32::MAX >> (32 - 8 * missing as u32));
    Some((mapped(first), mapped(last)))
}

/// Returns the addresses of a network's text.
pub fn network(text: &str, parse: impl Fn(&str) -> Option<Network>) -> Option<Range> {
    parse(text).map(|network| (network.first(), network.last()))
}

/// A set of ranges of addresses.
#[derive(Debug, Clone, Default)]
pub struct Ranges {
    /// Sorted, without overlaps.
    merged: Vec<Range>,
    /// Whether a text could not be read as a range.
    pub has_invalid: bool,
}

impl Ranges {
    /// Makes a set of what was read.
    pub fn new(ranges: impl Iterator<Item = Option<Range>>) -> Ranges {
        let mut set = Ranges::default();
        let mut sorted = Vec::new();
        for range in ranges {
            match range {
                Some(range) => sorted.push(range),
                None => set.has_invalid = true,
            }
        }
        sorted.sort_unstable();
        for (first, last) in sorted {
            match set.merged.last_mut() {
                Some(open) if first <= open.1 => open.1 = open.1.max(last),
                _ => set.merged.push((first, last)),
            }
        }
        set
    }

    /// Returns whether an address is in one of the ranges.
    pub fn contains(&self, address: u128) -> bool {
        let next = self.merged.partition_point(|(first, _)| *first <= address);
        next.checked_sub(1).and_then(|i| self.merged.get(i)).is_some_and(|(_, last)| address <= *last)
    }
}

/// The ranges that arguments name: texts, or an array of texts. Made once when the arguments are constant.
pub struct RangeArgs<'a, R> {
    args: &'a [Arg],
    read: R,
    constant: Option<Ranges>,
}

impl<'a, R: Fn(&str) -> Option<Range>> RangeArgs<'a, R> {
    /// Takes the arguments and how one text is read.
    pub fn new(args: &'a [Arg], read: R) -> RangeArgs<'a, R> {
        let constant = args.iter().all(|arg| arg.constant).then(|| ranges_of(args, 0, &read));
        RangeArgs { args, read, constant }
    }

    /// Calls a function with the ranges of a row.
    pub fn with<T>(&self, row: usize, f: impl FnOnce(&Ranges) -> T) -> T {
        match &self.constant {
            Some(ranges) => f(ranges),
            None => f(&ranges_of(self.args, row, &self.read)),
        }
    }
}

fn ranges_of(args: &[Arg], row: usize, read: impl Fn(&str) -> Option<Range>) -> Ranges {
    Ranges::new(args.iter().flat_map(|arg| match dynamics::array(arg, row) {
        Some(items) => items.into_iter().map(|item| raw::string(item).and_then(|text| read(&text))).collect(),
        None => vec![read(&text(arg, row))],
    }))
}

/// Returns an optional argument's prefix length: `Some(None)` when it was left out, `None` when it is null or not from
/// 0 to `most`.
pub fn prefix_argument(args: &Args, i: usize, row: usize, most: u8) -> Option<Option<u8>> {
    match args.opt(i) {
        None => Some(None),
        Some(arg) => u8::try_from(arg.longs().get(row)?).ok().filter(|prefix| *prefix <= most).map(Some),
    }
}

/// Compares the networks of the first two arguments, by at most as many bits as the third says.
pub fn compare_arguments(
    args: &Args,
    row: usize,
    most: u8,
    parse: impl Fn(&str) -> Option<Network>,
) -> Option<std::cmp::Ordering> {
    let (a, b) = (parse(args.str(0).get(row))?, parse(args.str(1).get(row))?);
    let prefix = prefix_argument(args, 2, row, most)?.map_or(128, |prefix| prefix + (128 - most));
    Some(a.limited(prefix).compare(b.limited(prefix)))
}

/// Returns whether the first argument's address is in the range that the second names.
pub fn is_in_range(args: &Args, row: usize, parse: impl Fn(&str) -> Option<Network>) -> Option<bool> {
    let (address, range) = (parse(args.str(0).get(row))?.first(), parse(args.str(1).get(row))?);
    Some(range.first() <= address && address <= range.last())
}

/// Says for each row whether the first argument's address is in one of the ranges that the others name.
pub fn is_in_any_range(args: &Args, parse: impl Fn(&str) -> Option<Network> + Copy) -> Result<ArrayRef, EvalError> {
    let (address, ranges) = args.args.split_at(1);
    let ranges = RangeArgs::new(ranges, move |range: &str| network(range, parse));
    Ok(args.bools(|row| {
        let address = parse(&text(address.first()?, row))?.first();
        ranges.with(row, |ranges| match ranges.contains(address) {
            false if ranges.has_invalid => None,
            found => Some(found),
        })
    }))
}

/// Says for each row whether the first argument's text has one of the addresses that the others name.
pub fn has_any(args: &Args, read: impl Fn(&str) -> Option<Range>) -> Result<ArrayRef, EvalError> {
    let (source, targets) = args.args.split_at(1);
    let targets = RangeArgs::new(targets, read);
    Ok(args.bools(|row| {
        let source = text(source.first()?, row);
        Some(targets.with(row, |targets| addresses(&source).any(|address| targets.contains(address))))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_reads_what_kusto_reads() {
        for (text, first) in [
            ("0.0.0.0", Some(0)),
            ("255.255.255.255", Some(u32::MAX)),
            ("203.0.113.10/24", Some(3_405_803_776)),
            ("203.0.113.10/0", Some(0)),
            (" 203.0.113.10 ", Some(3_405_803_786)),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("256.0.0.1", None),
            ("01.02.03.04", None),
            ("1.2.3.4/33", None),
            ("1.2.3.4/", None),
            ("1.2.3.4/+4", None),
            ("", None),
            ("é.2.3.4", None),
        ] {
            assert_eq!(Network::parse_v4(text).map(Network::first_v4), first, "{text}");
        }
    }

    #[test]
    fn texts_hold_delimited_addresses() {
        for (text, found) in [
            ("05:04:54 127.0.0.1 GET /favicon.ico 404", vec!["127.0.0.1"]),
            ("05:04:54127.0.0.1 GET", vec![]),
            ("from: 192.168.1.1, 10.1.1.115 and 10.1.1.201.", vec!["192.168.1.1", "10.1.1.115", "10.1.1.201"]),
            ("127.0.0.256", vec![]),
            ("x1.2.3.4", vec![]),
            ("1.2.3.4é", vec![]),
            ("é 1.2.3.4_", vec!["1.2.3.4"]),
            ("1.2.3.4.5", vec!["1.2.3.4", "2.3.4.5"]),
            ("12345.1.1.1", vec![]),
            ("...1.1.1.1", vec!["1.1.1.1"]),
        ] {
            let texts: Vec<String> = addresses(text).map(|address| v4_text(address as u32)).collect();
            assert_eq!(texts, found, "{text}");
        }
    }

    #[test]
    fn prefixes_end_with_a_point() {
        let text = |range: Option<Range>| range.map(|(a, b)| (v4_text(a as u32), v4_text(b as u32)));
        for (prefix, first, last) in [
            ("127.", "127.0.0.0", "127.255.255.255"),
            ("127.0.", "127.0.0.0", "127.0.255.255"),
            ("127.0.5.", "127.0.5.0", "127.0.5.255"),
            ("127.0.5.9", "127.0.5.9", "127.0.5.9"),
        ] {
            assert_eq!(text(beginning(prefix)), Some((first.to_string(), last.to_string())));
        }
        for bad in ["127.0", "127.0.0.1.", "", ".", "a.", "1..", "300."] {
            assert_eq!(beginning(bad), None, "{bad}");
        }
    }

    #[test]
    fn ranges_merge() {
        let ranges = Ranges::new([Some((5, 9)), Some((1, 3)), Some((2, 6)), Some((20, 20)), None].into_iter());
        assert!(ranges.has_invalid);
        let inside: Vec<u128> = (0..30).filter(|n| ranges.contains(*n)).collect();
        assert_eq!(inside, [1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
    }
}
