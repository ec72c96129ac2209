//! Verifier keys: whose signatures are believed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;

use crate::Hash;
use crate::hash::{hex, hex_bytes};

/// How a key signs.
///
/// # Source
/// C2SP signed-note, "Signature types".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 over the note's text.
    Ed25519,
    /// A cosignature of a checkpoint: Ed25519 over a time and the note's text.
    CosignatureV1,
    /// Another algorithm, by its byte, such as 0x06 for ML-DSA-44. It is not verified.
    Other(u8),
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Algorithm::Ed25519 => 0x01,
            Algorithm::CosignatureV1 => 0x04,
            Algorithm::Other(byte) => byte,
        }
    }

    fn from_byte(byte: u8) -> Algorithm {
        match byte {
            0x01 => Algorithm::Ed25519,
            0x04 => Algorithm::CosignatureV1,
            other => Algorithm::Other(other),
        }
    }
}

/// A text is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not of the form <name>+<key id>+<key>")]
    Form,
    #[error("the key id does not belong to the name and the key")]
    Id,
    #[error("not an Ed25519 public key")]
    Point,
}

/// A public key with its name and id.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    algorithm: Algorithm,
    public: Vec<u8>,
    /// The key as a point; `None` for algorithms that are not verified.
    ed25519: Option<VerifyingKey>,
}

impl VerifierKey {
    /// Makes a key.
    ///
    /// # Errors
    /// When the name or the public key are not such.
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8]) -> Result<VerifierKey, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Form);
        }
        let ed25519 = match algorithm {
            Algorithm::Other(_) => None,
            Algorithm::Ed25519 | Algorithm::CosignatureV1 => {
                let bytes: &[u8; 32] = public.try_into().map_err(|_| KeyError::Point)?;
                let point = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Point)?;
                // A point of small order verifies what nobody signed.
                if point.is_weak() || point.to_edwards().compress().as_bytes() != bytes {
                    return Err(KeyError::Point);
                }
                Some(point)
            }
        };
        let id = key_id(name, algorithm, public);
        Ok(VerifierKey { name: name.to_string(), id, algorithm, public: public.to_vec(), ed25519 })
    }

    /// Reads a key in the form `<name>+<key id>+<key>`.
    ///
    /// # Errors
    /// When the text has another form or the id is not that of the key.
    ///
    /// # Source
    /// C2SP signed-note, "Verifier keys".
    pub fn parse(vkey: &str) -> Result<VerifierKey, KeyError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let id = u32::from_be_bytes(hex_bytes(id).ok_or(KeyError::Form)?);
        let bytes = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
        let (algorithm, public) = bytes.split_first().ok_or(KeyError::Form)?;
        let key = VerifierKey::new(name, Algorithm::from_byte(*algorithm), public)?;
        // The id of some algorithms is made in another way, so that of an unknown one is taken as it is.
        match key.algorithm {
            Algorithm::Other(_) => Ok(VerifierKey { id, ..key }),
            _ if key.id == id => Ok(key),
            _ => Err(KeyError::Id),
        }
    }

    /// Returns the key's name; that of a log is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key's id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns how the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the public key's bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    pub(super) fn point(&self) -> Option<&VerifyingKey> {
        self.ed25519.as_ref()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()], self.public.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id.to_be_bytes()), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns whether a text may name a key: not empty, without blanks, plus signs and control characters.
///
/// # Source
/// C2SP signed-note, "Format".
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || (c as u32) < 0x20)
}

/// Returns the id of a key.
///
/// # Source
/// C2SP signed-note, "Signatures".
fn key_id(name: &str, algorithm: Algorithm, public: &[u8]) -> u32 {
    let hash = Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], public].concat());
    let [a, b, c, d, ..] = hash.0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_key_is_read() {
        let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key = VerifierKey::parse(vkey).expect("a key");
        assert_eq!((key.name(), key.id(), key.algorithm()), ("example.com/foo", 0x530d_903a, Algorithm::Ed25519));
        assert_eq!(key.to_string(), vkey);
    }

    #[test]
    fn other_texts_are_refused() {
        let cases = [
            ("", KeyError::Form),
            ("example.com/foo", KeyError::Form),
            ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Form),
            ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Form),
            ("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Id),
            ("example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Id),
            ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", KeyError::Form),
            ("example.com/foo+530d903a+AQ==", KeyError::Point),
            // The neutral element, under which anything verifies.
            ("x+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KeyError::Point),
        ];
        for (text, error) in cases {
            assert_eq!(VerifierKey::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn unknown_algorithms_are_kept() {
        let key = VerifierKey::new("w", Algorithm::Other(6), &[1; 1312]).expect("a key");
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }
}
