//! What a sender gets back: where its records went, under which checkpoint.
//!
//! A receipt is small enough to come with every acknowledgement. Whoever keeps it can show that records were taken in: a log that
//! later lacks them has contradicted its own signature.

use crate::note::SignedNote;
use crate::text::Lines;
use crate::{Checkpoint, Policy, PolicyError, Sighting, TextError};

const HEADER: &str = "vidimus.receipt.v1";

/// Records `first` to `first + count - 1` of the batch that is entry `entry` of the log with this checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The index of the batch's entry in the log.
    pub entry: u64,
    /// The position of the first record in the batch.
    pub first: u64,
    pub count: u64,
    pub checkpoint: SignedNote,
}

impl Receipt {
    /// Returns the receipt as it is written.
    pub fn to_text(&self) -> String {
        let Receipt { entry, first, count, checkpoint } = self;
        format!("{HEADER}\nentry {entry}\nfirst {first}\ncount {count}\n\n{}", checkpoint.to_text())
    }

    /// Reads a receipt, without verifying it.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Receipt, TextError> {
        let mut lines = Lines::new("receipt", bytes)?;
        lines.expect(HEADER)?;
        let (entry, first, count) = (lines.number("entry")?, lines.number("first")?, lines.number("count")?);
        lines.expect("")?;
        let checkpoint = SignedNote::parse(lines.rest().as_bytes())?;
        Ok(Receipt { entry, first, count, checkpoint })
    }

    /// Verifies that the log signed for the entry: its checkpoint is acceptable and covers the entry.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, policy: &Policy) -> Result<Sighting, PolicyError> {
        self.check_entry()?;
        policy.check(&self.checkpoint)
    }

    /// Makes sure that the checkpoint, whose signatures are not looked at, covers the entry.
    ///
    /// # Errors
    /// When it does not, or is none.
    pub fn check_entry(&self) -> Result<(), TextError> {
        let size = Checkpoint::parse(&self.checkpoint.text)?.size;
        let why = "the checkpoint does not cover the entry".to_string();
        if self.entry < size { Ok(()) } else { Err(TextError { what: "receipt", line: 2, why }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hash;
    use crate::note::Signer;

    #[test]
    fn a_receipt_is_worth_what_its_checkpoint_is() {
        let log = Signer::log("log.example", &[1; 32]).expect("a key");
        let policy = Policy::parse(&format!("log {}\nquorum none\n", log.verifier())).expect("a policy");
        let checkpoint = Checkpoint { origin: "log.example".to_string(), size: 8, root: Hash::of(b"root") };
        let checkpoint = SignedNote::sign(checkpoint.text(), &log);
        let receipt = Receipt { entry: 7, first: 3, count: 2, checkpoint };
        assert_eq!(Receipt::parse(receipt.to_text().as_bytes()), Ok(receipt.clone()));
        assert_eq!(receipt.verify(&policy).map(|sighting| sighting.checkpoint.size), Ok(8));
        let beyond = Receipt { entry: 8, ..receipt.clone() };
        assert!(matches!(beyond.verify(&policy), Err(PolicyError::Text(_))));
        let mut forged = receipt;
        forged.checkpoint.signatures[0].bytes[0] ^= 1;
        assert!(matches!(forged.verify(&policy), Err(PolicyError::BadSignature { .. })));
    }
}
