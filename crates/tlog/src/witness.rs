//! What a log asks a witness, and what it answers: the bodies of C2SP tlog-witness.

use crate::note::{NoteSignature, SignedNote};
use crate::proof::hash_lines;
use crate::text::{Lines, number};
use crate::{Hash, TextError};

/// A request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness saw last.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    pub checkpoint: SignedNote,
}

impl AddCheckpoint {
    /// Returns the body of the request.
    ///
    /// # Source
    /// C2SP tlog-witness, "add-checkpoint".
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| hash.to_base64() + "\n").collect();
        format!("old {}\n{hashes}\n{}", self.old, self.checkpoint.to_text())
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it has another form or more than 63 hashes.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, TextError> {
        let mut lines = Lines::new("add-checkpoint", bytes)?;
        let old = lines.number("old")?;
        let proof = hash_lines(&mut lines)?;
        if proof.len() > 63 {
            return Err(lines.error("more than 63 hashes"));
        }
        let checkpoint = SignedNote::parse(lines.rest().as_bytes())?;
        Ok(AddCheckpoint { old, proof, checkpoint })
    }
}

/// Reads a witness's answer: one or more signature lines. They have yet to be verified.
pub fn parse_cosignatures(body: &str) -> Option<Vec<NoteSignature>> {
    body.strip_suffix('\n')?.split('\n').map(NoteSignature::parse).collect()
}

/// Reads the size that a witness knows, out of its answer "409 Conflict".
pub fn parse_known_size(body: &str) -> Option<u64> {
    number(body.strip_suffix('\n')?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Signer;

    #[test]
    fn requests_come_back() {
        let log = Signer::log("log.example", &[1; 32]).expect("a key");
        let checkpoint = SignedNote::sign("log.example\n1\nroot\n".to_string(), &log);
        let request = AddCheckpoint { old: 5, proof: vec![Hash::of(b"a")], checkpoint };
        assert_eq!(AddCheckpoint::parse(request.to_text().as_bytes()), Ok(request));
        assert_eq!(parse_known_size("12\n"), Some(12));
        assert_eq!(parse_known_size("12"), None);
        let line = log.sign("text\n", 0).line();
        assert_eq!(parse_cosignatures(&format!("{line}\n{line}\n")).map(|lines| lines.len()), Some(2));
        assert_eq!(parse_cosignatures("\n"), None);
    }
}
