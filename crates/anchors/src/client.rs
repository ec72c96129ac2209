//! One witness as its log sees it.

use sequencer::storage::Storage;
use sequencer::{Stop, Tiles, checkpoint_path, log_folder};
use tlog::note::{NoteSignature, SignedNote, Verified, VerifierKey};
use tlog::tile::TileReader;
use tlog::tree::{consistency_proof, root, verify_consistency};
use tlog::witness::{AddCheckpoint, parse_cosignatures, parse_known_size};
use tlog::{Checkpoint, Hash, Policy};

use crate::error::WitnessError;
use crate::transport::{Reply, Transport};

/// Questions about one checkpoint: one with an old size that was guessed, one with that of the answer, one more if others ask too.
const TRIES: usize = 3;
/// Characters of a refusal that are quoted.
const QUOTE_CHARS_MAX: usize = 200;

/// A witness and where it is.
#[derive(Debug, Clone)]
pub struct Client {
    /// The name in the policy.
    pub name: String,
    pub key: VerifierKey,
    url: String,
}

impl Client {
    /// Returns the witnesses of a policy that say where they are.
    pub fn of_policy(policy: &Policy) -> Vec<Client> {
        let with_url = policy.witnesses().iter().filter_map(|witness| Some((witness, witness.url.as_ref()?)));
        let client = |(witness, url): (&tlog::PolicyWitness, &String)| Client {
            name: witness.name.clone(),
            key: witness.key.clone(),
            url: url.trim_end_matches('/').to_string(),
        };
        with_url.map(client).collect()
    }

    /// Submits a published checkpoint and returns the cosignature, which has been verified.
    ///
    /// `known` is the size that the witness has seen last, as far as that is known, and is brought up to date.
    pub fn submit(
        &self,
        transport: &dyn Transport,
        storage: &dyn Storage,
        workspace: &str,
        note: &SignedNote,
        known: &mut Option<u64>,
    ) -> Result<NoteSignature, WitnessError> {
        let checkpoint = Checkpoint::parse(&note.text).map_err(WitnessError::Checkpoint)?;
        let size = checkpoint.size;
        let tree = TileReader { source: Tiles { storage, folder: log_folder(workspace) }, size };
        for _ in 0..TRIES {
            let old = known.unwrap_or(0);
            if old > size {
                return Err(self.knows_more(storage, workspace, &checkpoint, old));
            }
            let proof = consistency_proof(&tree, old, size).map_err(WitnessError::Tiles)?;
            // A proof that does not hold here would make the witness look as if it contradicted us.
            let old_root = root(&tree, old).map_err(WitnessError::Tiles)?;
            verify_consistency(old, size, &proof, &old_root, &checkpoint.root).map_err(WitnessError::Proof)?;
            let reply = self.add(transport, AddCheckpoint { old, proof, checkpoint: note.clone() })?;
            match reply.status {
                200 => {
                    let cosignature = self.cosignature(&reply, &note.text)?;
                    *known = Some(size);
                    return Ok(cosignature);
                }
                409 => {
                    let new = known_size(&reply)?;
                    if new == old && known.is_some() {
                        let why = format!("it wants the proof to begin at {old}, where it begins");
                        return Err(WitnessError::Answer { why });
                    }
                    *known = Some(new);
                }
                // Nothing contradicts an empty tree, so that a witness which has seen nothing says nothing by this.
                422 if old > 0 => {
                    let ours = |size: u64| root(&tree, size).ok();
                    return Err(self.contradicts(transport, &checkpoint, old, &reply, ours));
                }
                _ => return Err(refusal(&reply)),
            }
        }
        Err(WitnessError::Answer { why: "it names another size each time".to_string() })
    }

    /// Finds out which size the witness has seen last, by submitting a published checkpoint as if it had seen none. A witness that has
    /// indeed seen none cosigns it, and `None` is returned.
    pub fn probe(&self, transport: &dyn Transport, note: &SignedNote) -> Result<Option<u64>, WitnessError> {
        let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: note.clone() };
        let reply = self.add(transport, request)?;
        match reply.status {
            200 => Ok(None),
            409 => known_size(&reply).map(Some),
            _ => Err(refusal(&reply)),
        }
    }

    /// Asks for the checkpoint that the witness cosigned last; `None` if it shows none. Its cosignature is verified.
    ///
    /// # Source
    /// C2SP tlog-witness, "Monitor Retrieval Mechanism".
    pub fn latest(&self, transport: &dyn Transport, origin: &str) -> Result<Option<Checkpoint>, WitnessError> {
        let url = format!("{}/{}/checkpoint", self.url, Hash::of(origin.as_bytes()));
        let reply = transport.get(&url).map_err(WitnessError::Transport)?;
        if reply.status == 404 {
            return Ok(None);
        }
        if reply.status != 200 {
            return Err(refusal(&reply));
        }
        let unusable = |why: &str| WitnessError::Answer { why: why.to_string() };
        let note = SignedNote::parse(&reply.body).map_err(|error| unusable(&error.to_string()))?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|error| unusable(&error.to_string()))?;
        let is_cosigned = note.signatures.iter().any(|line| line.verify(&note.text, &self.key).is_some());
        if checkpoint.origin == origin && is_cosigned {
            Ok(Some(checkpoint))
        } else {
            Err(unusable("it shows a checkpoint of another log or one that it has not cosigned"))
        }
    }

    fn add(&self, transport: &dyn Transport, request: AddCheckpoint) -> Result<Reply, WitnessError> {
        let url = format!("{}/add-checkpoint", self.url);
        let body = request.to_text().into_bytes();
        transport.post(&url, "text/plain; charset=utf-8", body).map_err(WitnessError::Transport)
    }

    /// Returns the cosignature in an answer; lines by other keys are passed over.
    fn cosignature(&self, reply: &Reply, text: &str) -> Result<NoteSignature, WitnessError> {
        let lines = std::str::from_utf8(&reply.body).ok().and_then(parse_cosignatures);
        let is_ours = |line: &NoteSignature| matches!(line.verify(text, &self.key), Some(Verified::SeenAt(1..)));
        let cosignature = lines.into_iter().flatten().find(is_ours);
        let why = || format!("there is no valid cosignature by `{}` in it", self.key.name());
        cosignature.ok_or_else(|| WitnessError::Answer { why: why() })
    }

    /// Judges that a witness knows more entries than the checkpoint has: all is well if they have been published since.
    fn knows_more(&self, storage: &dyn Storage, workspace: &str, checkpoint: &Checkpoint, known: u64) -> WitnessError {
        let published = storage.read(&checkpoint_path(workspace)).ok().flatten();
        let published = published.and_then(|bytes| SignedNote::parse(&bytes).ok());
        let published = published.and_then(|note| Checkpoint::parse(&note.text).ok());
        let found = published.map_or(checkpoint.size, |published| published.size.max(checkpoint.size));
        if known <= found {
            return WitnessError::Outdated { size: known };
        }
        let (origin, witness) = (checkpoint.origin.clone(), self.name.clone());
        WitnessError::Contradiction(Stop::Behind { origin, witness, known, found })
    }

    /// Judges that a witness does not accept a proof that holds here: it has another history, and may show it.
    fn contradicts(
        &self,
        transport: &dyn Transport,
        checkpoint: &Checkpoint,
        size: u64,
        reply: &Reply,
        ours: impl Fn(u64) -> Option<Hash>,
    ) -> WitnessError {
        let (origin, witness) = (checkpoint.origin.clone(), self.name.clone());
        let shown = self.latest(transport, &checkpoint.origin).ok().flatten();
        let shown = shown.filter(|shown| shown.size <= checkpoint.size);
        let fork = shown.and_then(|shown| {
            let ours = ours(shown.size).filter(|ours| *ours != shown.root)?;
            let (origin, witness) = (origin.clone(), witness.clone());
            Some(Stop::Fork { origin, witness, size: shown.size, ours, theirs: shown.root })
        });
        WitnessError::Contradiction(fork.unwrap_or(Stop::Contradicted { origin, witness, size, why: quote(reply) }))
    }
}

fn known_size(reply: &Reply) -> Result<u64, WitnessError> {
    let size = std::str::from_utf8(&reply.body).ok().and_then(parse_known_size);
    size.ok_or_else(|| WitnessError::Answer { why: "there is no size in it".to_string() })
}

fn refusal(reply: &Reply) -> WitnessError {
    WitnessError::Status { status: reply.status, text: quote(reply) }
}

/// Returns the beginning of what a witness says, fit for a line.
fn quote(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    text.trim().chars().take(QUOTE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
