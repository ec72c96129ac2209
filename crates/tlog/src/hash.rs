//! A SHA-256 hash and the two ways in which RFC 6962 makes one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::block::Short;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of a tree without leaves: the hash of nothing.
    ///
    /// # Source
    /// RFC 6962, section 2.1.
    pub const EMPTY_ROOT: Hash = Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Hashes bytes as they are.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// Hashes an entry as a leaf: `SHA-256(0x00 || entry)`.
    ///
    /// # Source
    /// RFC 6962, section 2.1.
    pub fn leaf(entry: &[u8]) -> Hash {
        Hash(Sha256::new_with_prefix([0]).chain_update(entry).finalize().into())
    }

    /// Hashes two subtrees into one: `SHA-256(0x01 || left || right)`.
    ///
    /// # Source
    /// RFC 6962, section 2.1.
    pub fn node(left: &Hash, right: &Hash) -> Hash {
        let mut message = Short::new();
        message.push(&[1]);
        message.push(&left.0);
        message.push(&right.0);
        message.finish()
    }

    /// Returns the hash in base 64, as C2SP's formats have it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads a hash in base 64; `None` unless it is in the one form that [`Hash::to_base64`] gives.
    pub fn from_base64(text: &str) -> Option<Hash> {
        Some(Hash(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    /// Reads a hash in lower-case hexadecimal digits, the form in which a hash is displayed.
    pub fn from_hex(text: &str) -> Option<Hash> {
        hex_bytes(text).map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads exactly `N` bytes in lower-case hexadecimal digits.
pub(crate) fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::EMPTY_ROOT, Hash::of(b""));
    }

    #[test]
    fn node_is_the_hash_of_its_parts() {
        let (left, right) = (Hash::of(b"left"), Hash::of(b"right"));
        assert_eq!(Hash::node(&left, &right), Hash::of(&[&[1][..], &left.0, &right.0].concat()));
    }

    #[test]
    fn only_one_text_is_read() {
        let hash = Hash::of(b"x");
        let (hex, base64) = (hash.to_string(), hash.to_base64());
        assert_eq!(Hash::from_hex(&hex), Some(hash));
        assert_eq!(Hash::from_hex(&hex.to_uppercase()), None);
        assert_eq!(Hash::from_hex(&hex[1..]), None);
        assert_eq!(Hash::from_base64(&base64), Some(hash));
        assert_eq!(Hash::from_base64(base64.trim_end_matches('=')), None);
        // The last digit before the padding carries two bits that must be zero.
        let loose = base64.replace("E=", "F=").replace("I=", "J=").replace("g=", "h=").replace("w=", "x=");
        assert!(loose == base64 || Hash::from_base64(&loose).is_none());
    }
}
