//! The small file that remembers what was signed, apart from the write-ahead log.
//!
//! It lags behind the write-ahead log and never runs ahead of it. So if it does, the write-ahead log is an old copy. It also names the
//! oldest file of the write-ahead log, so that nobody can take away the first ones.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tlog::Hash;

use crate::storage::{Storage, replace};

/// Where the file is.
pub const PATH: &str = "sequencer/signed";
const HEADER: &str = "vidimus.signed.v1";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// The number of the oldest file of the write-ahead log.
    pub oldest: u64,
    /// Size and root of each workspace's log when it was last published.
    pub logs: BTreeMap<String, (u64, Hash)>,
}

impl Signed {
    /// Returns the file's text: a line for each fact, the hash of all of them at the end.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\noldest {}\n", self.oldest);
        for (workspace, (size, root)) in &self.logs {
            text.push_str(&format!("log {workspace} {size} {root}\n"));
        }
        let hash = Hash::of(text.as_bytes());
        text.push_str(&format!("sha256 {hash}\n"));
        text
    }

    /// Reads what [`Signed::to_text`] gives.
    pub fn parse(bytes: &[u8]) -> Option<Signed> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        if lines.next()? != HEADER {
            return None;
        }
        let mut signed = Signed { oldest: lines.next()?.strip_prefix("oldest ")?.parse().ok()?, ..Signed::default() };
        for line in lines {
            let Some(log) = line.strip_prefix("log ") else { break };
            let mut parts = log.split(' ');
            let workspace = parts.next()?.to_string();
            signed.logs.insert(workspace, (parts.next()?.parse().ok()?, Hash::from_hex(parts.next()?)?));
        }
        (signed.to_text() == text).then_some(signed)
    }
}

/// The file and what it says.
pub struct SignedFile {
    pub storage: Arc<dyn Storage>,
    pub signed: Signed,
}

impl SignedFile {
    /// Writes the file.
    pub fn save(&self) -> io::Result<()> {
        replace(&*self.storage, PATH, self.signed.to_text().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_found() {
        let logs = [("a".to_string(), (7, Hash::of(b"a"))), ("b".to_string(), (0, Hash::EMPTY_ROOT))];
        let signed = Signed { oldest: 12, logs: logs.into() };
        let text = signed.to_text().into_bytes();
        assert_eq!(Signed::parse(&text), Some(signed));
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Signed::parse(&flipped), None, "bit {bit}");
        }
    }
}
