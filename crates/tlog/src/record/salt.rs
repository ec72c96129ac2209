//! Seeds of records and salts of cells.

use std::fmt;

use crate::block::Short;
use crate::hash::{hex, hex_bytes};

/// What makes a digest say nothing to those who guess.
pub type Salt = [u8; 16];

/// The secret from which the salts of one record, or the seeds of many, follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// Returns the salt of a column's cell.
    pub fn salt(&self, column: u16) -> Salt {
        let pair = self.salt_pair(column >> 1);
        let (halves, _) = pair.as_chunks::<16>();
        halves.get(usize::from(column & 1)).copied().unwrap_or_default()
    }

    /// Returns the salts of columns `2 * pair` and `2 * pair + 1`: two out of one hash.
    pub(super) fn salt_pair(&self, pair: u16) -> [u8; 32] {
        let mut message = Short::new();
        message.push(&[0x12]);
        message.push(&self.0);
        message.push(&pair.to_be_bytes());
        message.finish().0
    }

    /// Returns the left or the right child in a tree of seeds.
    pub(super) fn child(&self, is_right: bool) -> Seed {
        let mut message = Short::new();
        message.push(&[0x13]);
        message.push(&self.0);
        message.push(&[u8::from(is_right)]);
        Seed(message.finish().0)
    }

    /// Returns the seed in hexadecimal digits, for a bundle that shows a record whole.
    pub(crate) fn to_hex(self) -> String {
        hex(&self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Seed> {
        hex_bytes(text).map(Seed)
    }
}

impl fmt::Debug for Seed {
    /// Shows nothing: a seed in a log file would undo an erasure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
