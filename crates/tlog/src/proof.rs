//! A C2SP tlog-proof: that an entry is in a log, in one text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::text::Lines;
use crate::{Hash, TextError};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 64 bits has no longer path.
const PATH_MAX: usize = 64;

/// The place of an entry in a log, the path to the root, and the signed checkpoint with that root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// What the format does not look at; ours is the entry, which the path then proves.
    pub extra: Option<Vec<u8>>,
    pub index: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The signed note as it stands.
    pub checkpoint: String,
}

impl LogProof {
    /// Returns the proof as it is written.
    ///
    /// # Source
    /// C2SP tlog-proof, "Format".
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a proof; the checkpoint in it is not looked at.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<LogProof, TextError> {
        let mut lines = Lines::new("tlog-proof", bytes)?;
        lines.expect(HEADER)?;
        let extra = match lines.next_if("extra") {
            Some(base64) => Some(STANDARD.decode(base64).map_err(|_| lines.error("not base 64"))?),
            None => None,
        };
        let index = lines.number("index")?;
        let path = hash_lines(&mut lines)?;
        Ok(LogProof { extra, index, path, checkpoint: lines.rest().to_string() })
    }
}

/// Reads hashes in base 64, one a line, up to an empty line.
pub(crate) fn hash_lines(lines: &mut Lines<'_>) -> Result<Vec<Hash>, TextError> {
    let mut hashes = Vec::new();
    loop {
        let line = lines.next().ok_or_else(|| lines.error("no empty line after the hashes"))?;
        if line.is_empty() {
            return Ok(hashes);
        }
        if hashes.len() == PATH_MAX {
            return Err(lines.error("too many hashes"));
        }
        hashes.push(Hash::from_base64(line).ok_or_else(|| lines.error("not a hash"))?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_come_back() {
        for extra in [None, Some(Vec::new()), Some(b"entry\n".to_vec())] {
            let path = vec![Hash::of(b"a"), Hash::of(b"b")];
            let proof = LogProof { extra, index: 7, path, checkpoint: "log\n8\n".to_string() };
            assert_eq!(LogProof::parse(proof.to_text().as_bytes()), Ok(proof));
        }
    }
}
