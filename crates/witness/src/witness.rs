//! The witness itself: what it cosigned last of each log, and what it may cosign next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sequencer::storage::{Storage, replace};
use stdx::Clock;
use tlog::note::{Algorithm, NoteSignature, SignedNote, Signer, Verified};
use tlog::witness::{AddCheckpoint, WitnessRefusal, judge};
use tlog::{Checkpoint, Hash, Policy, PolicyError};

use crate::error::{AddError, OpenError};

/// Ticks between 0001-01-01 and 1970-01-01.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
const TICKS_PER_SECOND: i64 = 10_000_000;
/// Seconds by which the clock may go back when it is set; cosignatures state the last time until it has caught up.
const CLOCK_BACK_SECONDS_MAX: u64 = 5;

/// A witness of the logs of a policy.
pub struct Witness {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    signer: Signer,
    policy: Policy,
    /// The logs by origin. Whoever holds a log's lock is the only one to judge and to persist.
    logs: BTreeMap<String, Mutex<FollowedLog>>,
    _lock: Mutex<Box<dyn Send>>,
}

/// What the witness knows of a log.
struct FollowedLog {
    path: String,
    /// What was cosigned last; `None` if nothing was.
    latest: Option<Cosigned>,
    /// Why nothing is cosigned any more.
    stopped: Option<String>,
}

struct Cosigned {
    checkpoint: Checkpoint,
    /// In seconds since 1970.
    time: u64,
    /// The checkpoint with the log's signatures and the cosignature.
    note: SignedNote,
}

/// Returns the name by which a log is asked for: the hash of its origin in hexadecimal digits.
///
/// # Source
/// C2SP tlog-witness, "Monitor Retrieval Mechanism".
fn origin_hash(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

impl Witness {
    /// Takes up a witness whose checkpoints are in a store; it follows the logs of the policy, whose quorum does not matter.
    ///
    /// # Errors
    /// When a checkpoint in the store is damaged, the store does not work, or another process has it.
    pub fn open(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        signer: Signer,
        policy: Policy,
    ) -> Result<Witness, OpenError> {
        if signer.verifier().algorithm() != Algorithm::CosignatureV1 {
            return Err(OpenError::NotAWitness { name: signer.verifier().name().to_string() });
        }
        if policy.logs().is_empty() {
            return Err(OpenError::NoLogs);
        }
        let lock = storage.lock("lock").map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::Locked,
            _ => OpenError::Io { path: "lock".to_string(), source },
        })?;
        let mut logs = BTreeMap::new();
        for key in policy.logs() {
            let log = FollowedLog::read(&*storage, key.name(), &signer)?;
            logs.insert(key.name().to_string(), Mutex::new(log));
        }
        Ok(Witness { storage, clock, signer, policy, logs, _lock: Mutex::new(lock) })
    }

    /// Cosigns a checkpoint, if it continues what was cosigned last, and returns the answer's text.
    ///
    /// It returns after the checkpoint is durable; a request for the same log at the same time waits.
    ///
    /// # Errors
    /// When the request is not valid, the log has not signed or does not continue, or the checkpoint cannot be stored.
    ///
    /// # Source
    /// C2SP tlog-witness, "add-checkpoint".
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, AddError> {
        let request = AddCheckpoint::parse(body).map_err(AddError::Request)?;
        let origin = request.checkpoint.text.split('\n').next().unwrap_or_default();
        let Some(log) = self.logs.get(origin) else {
            let unknown = PolicyError::UnknownLog { origin: origin.to_string() };
            return Err(AddError::Refused(WitnessRefusal::Signature(unknown)));
        };
        let mut log = lock(log);
        if let Some(why) = &log.stopped {
            return Err(AddError::Stopped { why: why.clone() });
        }
        let latest = log.latest.as_ref();
        let checkpoint = judge(latest.map(|latest| &latest.checkpoint), &request, &self.policy);
        let checkpoint = checkpoint.map_err(AddError::Refused)?;
        let time = self.time(latest.map_or(0, |latest| latest.time))?;
        let mut note = self.without_strangers(request.checkpoint);
        let cosignature = self.signer.sign(&note.text, time);
        let answer = format!("{}\n", cosignature.line());
        note.signatures.push(cosignature);
        if let Err(error) = replace(&*self.storage, &log.path, note.to_text().as_bytes()) {
            let why = format!("cannot make `{}` durable: {error}", log.path);
            log.stopped = Some(why.clone());
            return Err(AddError::Stopped { why });
        }
        log.latest = Some(Cosigned { checkpoint, time, note });
        Ok(answer)
    }

    /// Returns the last checkpoint that was cosigned, with the signatures of the log and the cosignature; `None` when no log has this
    /// hash or nothing of it was cosigned.
    ///
    /// # Source
    /// C2SP tlog-witness, "Monitor Retrieval Mechanism".
    pub fn checkpoint(&self, origin_hash_hex: &str) -> Option<String> {
        let (_, log) = self.logs.iter().find(|(origin, _)| origin_hash(origin) == origin_hash_hex)?;
        lock(log).latest.as_ref().map(|latest| latest.note.to_text())
    }

    /// Returns the time of a cosignature, in seconds since 1970, which is not before that of the last one.
    fn time(&self, last: u64) -> Result<u64, AddError> {
        let seconds = self.clock.now_ticks().saturating_sub(UNIX_EPOCH_TICKS) / TICKS_PER_SECOND;
        let now = u64::try_from(seconds).unwrap_or(0);
        if now == 0 || now.saturating_add(CLOCK_BACK_SECONDS_MAX) < last {
            return Err(AddError::ClockWentBack { last, now });
        }
        Ok(now.max(last))
    }

    /// Leaves only the signatures by keys of logs that are trusted, one by each; they have been verified.
    fn without_strangers(&self, note: SignedNote) -> SignedNote {
        let mut signatures: Vec<NoteSignature> = Vec::new();
        for signature in note.signatures {
            let is_trusted = self.policy.logs().iter().any(|key| signature.is_by(key));
            let is_new = !signatures.iter().any(|other| other.id == signature.id && other.name == signature.name);
            if is_trusted && is_new {
                signatures.push(signature);
            }
        }
        SignedNote { text: note.text, signatures }
    }
}

impl FollowedLog {
    /// Reads what was cosigned last and makes sure that it was.
    fn read(storage: &dyn Storage, origin: &str, signer: &Signer) -> Result<FollowedLog, OpenError> {
        let path = format!("logs/{}", origin_hash(origin));
        let bytes = storage.read(&path).map_err(|source| OpenError::Io { path: path.clone(), source })?;
        let latest = match bytes {
            None => None,
            Some(bytes) => Some(
                Cosigned::parse(&bytes, origin, signer)
                    .map_err(|why| OpenError::Damaged { path: path.clone(), why: why.to_string() })?,
            ),
        };
        Ok(FollowedLog { path, latest, stopped: None })
    }
}

impl Cosigned {
    fn parse(bytes: &[u8], origin: &str, signer: &Signer) -> Result<Cosigned, String> {
        let note = SignedNote::parse(bytes).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(|error| error.to_string())?;
        if checkpoint.origin != origin {
            return Err(format!("it is a checkpoint of `{}`", checkpoint.origin));
        }
        let seen = note.signatures.iter().find_map(|signature| signature.verify(&note.text, signer.verifier()));
        match seen {
            Some(Verified::SeenAt(time)) => Ok(Cosigned { checkpoint, time, note }),
            _ => Err(format!("it is not cosigned by `{}`", signer.verifier().name())),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
