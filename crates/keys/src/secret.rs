//! Secrets in memory: wiped when dropped, compared in constant time, never shown.

use std::fmt;

use stdx::Entropy;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::KeyError;

/// A key of 256 bits.
///
/// Copies that libraries make on the stack while they compute are not wiped, nor is what the system swaps out.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; Key::BYTES]);

impl Key {
    /// The size of a key in bytes.
    pub const BYTES: usize = 32;

    /// Makes a key of given bytes.
    pub fn from_bytes(bytes: [u8; Key::BYTES]) -> Key {
        Key(bytes)
    }

    /// Makes a key of random bytes.
    ///
    /// # Errors
    /// When there are none.
    pub fn random(entropy: &dyn Entropy) -> Result<Key, KeyError> {
        let mut key = Key([0; Key::BYTES]);
        entropy.fill(&mut key.0).map_err(KeyError::Entropy)?;
        Ok(key)
    }

    /// Makes a key of exactly [`Key::BYTES`] bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Key> {
        let mut key = Key([0; Key::BYTES]);
        (bytes.len() == Key::BYTES).then(|| key.0.copy_from_slice(bytes))?;
        Some(key)
    }

    /// Returns the bytes, for a library that needs them: whoever takes them keeps them secret.
    pub fn expose(&self) -> &[u8; Key::BYTES] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; Key::BYTES] {
        &mut self.0
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// Bytes of any length that are wiped when they are dropped.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_wiped_on_drop<T: ZeroizeOnDrop>() {}

    #[test]
    fn keys_are_wiped_and_not_shown() {
        is_wiped_on_drop::<Key>();
        is_wiped_on_drop::<SecretBytes>();
        let mut key = Key::from_bytes([0xA7; 32]);
        assert_eq!(format!("{key:?} {key:#?}"), "Key(secret) Key(secret)");
        key.zeroize();
        assert_eq!(key.expose(), &[0; 32]);
    }

    #[test]
    fn keys_are_equal_by_their_bytes() {
        assert_eq!(Key::from_slice(&[7; 32]), Some(Key::from_bytes([7; 32])));
        assert_ne!(Key::from_bytes([7; 32]), Key::from_bytes([8; 32]));
        assert_eq!(Key::from_slice(&[7; 31]), None);
    }
}
