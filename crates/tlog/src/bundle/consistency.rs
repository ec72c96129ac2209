//! An earlier checkpoint and the proof that the log only grew since.

use crate::note::SignedNote;
use crate::proof::hash_lines;
use crate::text::Lines;
use crate::{Hash, TextError};

const HEADER: &str = "vidimus.consistency.v1";

/// A consistency proof from an earlier checkpoint to that of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    pub proof: Vec<Hash>,
    /// The earlier checkpoint.
    pub old: SignedNote,
}

impl Consistency {
    /// Returns the file as it is written.
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| hash.to_base64() + "\n").collect();
        format!("{HEADER}\n{hashes}\n{}", self.old.to_text())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Consistency, TextError> {
        let mut lines = Lines::new("consistency", bytes)?;
        lines.expect(HEADER)?;
        let proof = hash_lines(&mut lines)?;
        let old = SignedNote::parse(lines.rest().as_bytes())?;
        Ok(Consistency { proof, old })
    }
}
