//! SHA-256 of short messages, without the buffering of a general hasher.
//!
//! Most of what is hashed here fits one or two blocks of 64 bytes: the digest of a cell, a salt, a seed, a node of a tree.
//! Laying the message and its padding out by hand saves about a third of the time of each.

use sha2::block_api::compress256;

use crate::Hash;

/// The first state of SHA-256.
///
/// # Source
/// FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A message of up to [`Short::LEN_MAX`] bytes that is about to be hashed.
pub(crate) struct Short {
    bytes: [u8; 128],
    len: usize,
}

impl Short {
    /// Two blocks, less the bit after the message and the eight bytes of its length.
    pub(crate) const LEN_MAX: usize = 2 * 64 - 9;

    pub(crate) fn new() -> Short {
        Short { bytes: [0; 128], len: 0 }
    }

    /// Appends bytes. What goes beyond [`Short::LEN_MAX`] is a fault of the caller, who knows the lengths.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        debug_assert!(end <= Self::LEN_MAX);
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
        }
        self.len = end;
    }

    pub(crate) fn finish(mut self) -> Hash {
        let n_blocks = if self.len + 9 <= 64 { 1 } else { 2 };
        if let Some(end) = self.bytes.get_mut(self.len) {
            *end = 0x80;
        }
        let length_at = n_blocks * 64 - 8;
        if let Some(place) = self.bytes.get_mut(length_at..length_at + 8) {
            place.copy_from_slice(&(self.len as u64 * 8).to_be_bytes());
        }
        let mut state = INITIAL;
        let (blocks, _) = self.bytes.as_chunks::<64>();
        compress256(&mut state, blocks.get(..n_blocks).unwrap_or(blocks));
        let mut hash = [0; 32];
        for (place, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *place = word.to_be_bytes();
        }
        Hash(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_hash_like_any_other() {
        let bytes: Vec<u8> = (0..Short::LEN_MAX as u8).collect();
        for len in 0..=bytes.len() {
            let mut message = Short::new();
            message.push(&bytes[..len / 3]);
            message.push(&bytes[len / 3..len]);
            assert_eq!(message.finish(), Hash::of(&bytes[..len]), "{len} bytes");
        }
    }
}
