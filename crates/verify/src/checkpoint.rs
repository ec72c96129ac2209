//! The published checkpoint: its form, its signatures, and what else says where the log stands.

use std::time::Duration;

use sequencer::{Signed, WalLog, checkpoint_path, witnessed_path};
use tlog::note::{NoteSignature, SignedNote};
use tlog::{Checkpoint, Hash, Policy, PolicyError, Sighting, WitnessState};

use crate::report::Finding;
use crate::run::Run;

/// How often and how long a checkpoint is waited for that another process is about to publish.
const LOOKS: u32 = 40;
const LOOK: Duration = Duration::from_millis(50);

/// Where a log stands, as far as anybody acceptable says so.
#[derive(Debug, Clone)]
pub struct Head {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    pub sighting: Option<Sighting>,
    /// Whether it comes from a published checkpoint whose signatures are acceptable.
    pub is_signed: bool,
}

/// Reads a workspace's checkpoint. Where it is not acceptable, the other places that know the log's size stand in, so that the rest can
/// be verified. `witnessed` is the newest that witnesses have seen, as it was known before.
pub fn check_checkpoint(
    run: &Run<'_>,
    workspace: &str,
    own: Option<&Policy>,
    signed: Option<&Signed>,
    wal: Option<&WalLog>,
    witnessed: Option<&Checkpoint>,
) -> Option<Head> {
    let path = checkpoint_path(workspace);
    let signed = signed.and_then(|signed| signed.logs.get(workspace)).copied();
    let origin = wal.map(|wal| wal.origin.clone()).unwrap_or_default();
    let fallback = |origin: String| {
        let from_wal = || wal.and_then(|wal| wal.roots.last_key_value().map(|(size, (root, _))| (*size, *root)));
        let (size, root) = signed.or_else(from_wal)?;
        Some(Head { origin, size, root, sighting: None, is_signed: false })
    };
    let mut bytes = run.read(&path);
    // It is written after the file of what was signed.
    let mut n_looks = if run.is_in_use && signed.is_some_and(|(size, _)| size > 0) { LOOKS } else { 0 };
    while bytes.is_none() && n_looks > 0 {
        std::thread::sleep(LOOK);
        bytes = run.read(&path);
        n_looks -= 1;
    }
    let Some(bytes) = bytes else {
        if signed.is_some_and(|(size, _)| size > 0) {
            run.find(Finding::new(&path, "it is missing, and was published"));
        }
        return fallback(origin);
    };
    let len = bytes.len() as u64;
    let note = SignedNote::parse(&bytes).ok().filter(|note| note.to_text().as_bytes() == bytes);
    let parsed = note.and_then(|note| Some((Checkpoint::parse(&note.text).ok()?, note)));
    let Some((checkpoint, note)) = parsed else {
        run.find(Finding::new(&path, "it is no signed checkpoint").at(0..len));
        return fallback(origin);
    };
    let head = |sighting, is_signed| {
        let Checkpoint { origin, size, root } = checkpoint.clone();
        Head { origin, size, root, sighting, is_signed }
    };
    let Some(policy) = run.options.policy.as_ref().or(own) else {
        run.leave(&path, len, "there is no key to verify its signature with");
        return Some(head(None, true));
    };
    let sighting = match policy.check(&note) {
        Ok(sighting) => sighting,
        Err(error) => {
            // The log did sign it where only witnesses lack, and they may have seen an earlier one.
            let is_signed = matches!(error, PolicyError::Quorum { .. });
            match witnessed.filter(|_| is_signed) {
                Some(seen) => {
                    let why = format!("entries from {} on: the witnesses have not seen them yet", seen.size);
                    run.leave(&path, 0, why);
                }
                None => run.find(Finding::new(&path, error.to_string()).at(0..len)),
            }
            let unsigned = || fallback(origin).or_else(|| Some(head(None, false)));
            return if is_signed { Some(head(None, true)) } else { unsigned() };
        }
    };
    leave_strangers(run, &path, &note, &sighting);
    Some(head(Some(sighting), true))
}

/// Reads the newest checkpoint with cosignatures, if there is one, and returns the file's length with it.
pub fn check_witnessed(run: &Run<'_>, workspace: &str, own: Option<&Policy>) -> Option<(Checkpoint, u64)> {
    let path = witnessed_path(workspace);
    let bytes = run.read(&path)?;
    let len = bytes.len() as u64;
    let find = |why: String| run.find(Finding::new(&path, why).at(0..len));
    let Some(note) = SignedNote::parse(&bytes).ok().filter(|note| note.to_text().as_bytes() == bytes) else {
        find("it is no signed checkpoint".to_string());
        return None;
    };
    let Some(policy) = run.options.policy.as_ref().or(own) else {
        run.leave(&path, len, "there is no key to verify its signature with");
        return Some((Checkpoint::parse(&note.text).ok()?, len));
    };
    match policy.check(&note) {
        Ok(sighting) => {
            leave_strangers(run, &path, &note, &sighting);
            Some((sighting.checkpoint, len))
        }
        Err(error) => {
            find(error.to_string());
            None
        }
    }
}

/// Says how many signatures nobody here can verify.
fn leave_strangers(run: &Run<'_>, path: &str, note: &SignedNote, sighting: &Sighting) {
    let is_own = |signature: &&NoteSignature| sighting.signers.iter().any(|key| signature.is_by(key));
    let (own, others): (Vec<_>, Vec<_>) = note.signatures.iter().partition(is_own);
    let n_seen = sighting.witnesses.iter().filter(|view| matches!(view.state, WitnessState::SeenAt(_))).count();
    if note.signatures.len() > own.len() + n_seen {
        let bytes: usize = others.iter().map(|signature| signature.line().len() + 1).sum();
        let n = others.len() - n_seen;
        run.leave(path, bytes as u64, format!("signatures by keys that are not known here: {n}"));
    }
}

/// Compares the file of what was signed with the head of each log.
pub fn check_signed(run: &Run<'_>, path: &str, len: u64, workspace: &str, signed: (u64, Hash), head: Option<&Head>) {
    if run.is_in_use {
        return;
    }
    let (size, _) = signed;
    let Some(head) = head.filter(|head| head.is_signed) else { return };
    if size < head.size {
        let what = format!("it is older than the checkpoint of `{workspace}`");
        run.find(Finding::new(path, what).at(0..len).differs(format!("{} entries", head.size), size));
    }
    if size > head.size {
        let what = "it is older than what was signed: an older copy, or the process ended before it was replaced";
        run.find(Finding::new(checkpoint_path(workspace), what).differs(format!("{size} entries"), head.size));
    }
}
