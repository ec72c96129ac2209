//! What a log asks a witness, and what it answers: the bodies of C2SP tlog-witness, and the decision between them.

use crate::note::{NoteSignature, SignedNote};
use crate::proof::hash_lines;
use crate::text::{Lines, number};
use crate::tree::verify_consistency;
use crate::{Checkpoint, Hash, Policy, PolicyError, ProofError, TextError};

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

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    #[error("the old size is larger than the checkpoint's")]
    OldAboveNew,
    #[error(transparent)]
    Signature(PolicyError),
    #[error("the root of an empty tree is not that of nothing")]
    FalseRoot,
    #[error("the last checkpoint that was cosigned has {size} entries")]
    OtherOldSize { size: u64 },
    #[error("the checkpoint does not continue the last one that was cosigned: {0}")]
    Inconsistent(ProofError),
}

impl WitnessRefusal {
    /// Returns the HTTP status; the body for 409 is the size and a line feed.
    pub fn status(&self) -> u16 {
        match self {
            WitnessRefusal::OldAboveNew | WitnessRefusal::Signature(PolicyError::Text(_)) => 400,
            WitnessRefusal::Signature(PolicyError::UnknownLog { .. }) => 404,
            WitnessRefusal::Signature(_) => 403,
            WitnessRefusal::OtherOldSize { .. } => 409,
            WitnessRefusal::FalseRoot | WitnessRefusal::Inconsistent(_) => 422,
        }
    }
}

/// Decides whether a witness that cosigned `latest` last, of this log, may cosign what it is asked to.
///
/// The checkpoint that is returned has to be stored before the cosignature leaves, in the same transaction in which `latest` was read:
/// otherwise two requests at once could roll the witness back.
///
/// # Errors
/// When the log's signature is not valid, or the log forked, shrank, or does not know what was cosigned last.
///
/// # Source
/// C2SP tlog-witness, "add-checkpoint".
pub fn judge(
    latest: Option<&Checkpoint>,
    request: &AddCheckpoint,
    policy: &Policy,
) -> Result<Checkpoint, WitnessRefusal> {
    let checkpoint = Checkpoint::parse_any_root(&request.checkpoint.text);
    let checkpoint = checkpoint.map_err(|error| WitnessRefusal::Signature(error.into()))?;
    policy.signers(&request.checkpoint, &checkpoint.origin).map_err(WitnessRefusal::Signature)?;
    if request.old > checkpoint.size {
        return Err(WitnessRefusal::OldAboveNew);
    }
    let (size, root) = latest.map_or((0, Hash::EMPTY_ROOT), |latest| (latest.size, latest.root));
    if request.old != size {
        return Err(WitnessRefusal::OtherOldSize { size });
    }
    if checkpoint.has_false_root() {
        return Err(WitnessRefusal::FalseRoot);
    }
    verify_consistency(size, checkpoint.size, &request.proof, &root, &checkpoint.root)
        .map_err(WitnessRefusal::Inconsistent)?;
    Ok(checkpoint)
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

    #[test]
    fn a_witness_follows_one_history() {
        use crate::tree::{MemoryTree, consistency_proof, root};

        let log = Signer::log("log.example", &[1; 32]).expect("a key");
        let policy = Policy::parse(&format!("log {}\nquorum none\n", log.verifier())).expect("a policy");
        let tree = |salt: u8| -> MemoryTree { (0..20u8).map(|number| Hash::leaf(&[salt, number])).collect() };
        let (tree, fork) = (tree(0), tree(1));
        let request = |tree: &MemoryTree, old, new| {
            let (Ok(proof), Ok(root)) = (consistency_proof(tree, old, new), root(tree, new));
            let checkpoint = Checkpoint { origin: "log.example".to_string(), size: new, root };
            AddCheckpoint { old, proof, checkpoint: SignedNote::sign(checkpoint.text(), &log) }
        };
        let seen = judge(None, &request(&tree, 0, 7), &policy).expect("the first");
        let status = |request: &AddCheckpoint| judge(Some(&seen), request, &policy).err().map(|error| error.status());
        assert_eq!(status(&request(&tree, 7, 20)), None);
        assert_eq!(status(&request(&tree, 7, 7)), None);
        assert_eq!(status(&request(&tree, 6, 20)), Some(409));
        assert_eq!(status(&request(&tree, 5, 6)), Some(409));
        assert_eq!(status(&request(&tree, 7, 6)), Some(400));
        assert_eq!(status(&request(&fork, 7, 20)), Some(422));
        assert_eq!(status(&request(&fork, 7, 7)), Some(422));
        let mut unsigned = request(&tree, 7, 20);
        unsigned.checkpoint.signatures[0].bytes[0] ^= 1;
        assert_eq!(status(&unsigned), Some(403));
        let mut longer = request(&tree, 7, 20);
        longer.proof.push(Hash::of(b"more"));
        assert_eq!(status(&longer), Some(422));
        let empty = |root| {
            let checkpoint = Checkpoint { origin: "log.example".to_string(), size: 0, root };
            AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: SignedNote::sign(checkpoint.text(), &log) }
        };
        let first = |request| judge(None, &request, &policy).err().map(|error| error.status());
        assert_eq!(first(empty(Hash::EMPTY_ROOT)), None);
        assert_eq!(first(empty(Hash::of(b"root"))), Some(422));
        let nobody = Policy::parse("quorum none\n").expect("a policy");
        assert_eq!(judge(None, &request(&tree, 0, 7), &nobody).err().map(|error| error.status()), Some(404));
    }
}
