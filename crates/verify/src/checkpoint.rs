//! The published checkpoint: its form, its signatures, and what else says where the log stands.

use sequencer::{Signed, WalLog, checkpoint_path};
use tlog::note::{NoteSignature, SignedNote};
use tlog::{Checkpoint, Hash, Policy, PolicyError, Sighting, WitnessState};

use crate::report::Finding;
use crate::run::Run;

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
/// be verified.
pub fn check_checkpoint(
    run: &Run<'_>,
    workspace: &str,
    own: Option<&Policy>,
    signed: Option<&Signed>,
    wal: Option<&WalLog>,
) -> Option<Head> {
    let path = checkpoint_path(workspace);
    let signed = signed.and_then(|signed| signed.logs.get(workspace)).copied();
    let origin = wal.map(|wal| wal.origin.clone()).unwrap_or_default();
    let fallback = |origin: String| {
        let from_wal = || wal.and_then(|wal| wal.roots.last_key_value().map(|(size, (root, _))| (*size, *root)));
        let (size, root) = signed.or_else(from_wal)?;
        Some(Head { origin, size, root, sighting: None, is_signed: false })
    };
    let Some(bytes) = run.read(&path) else {
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
            run.find(Finding::new(&path, error.to_string()).at(0..len));
            // The log did sign it where only witnesses lack.
            let is_signed = matches!(error, PolicyError::Quorum { .. });
            return if is_signed {
                Some(head(None, true))
            } else {
                fallback(origin).or_else(|| Some(head(None, false)))
            };
        }
    };
    leave_strangers(run, &path, &note, &sighting);
    Some(head(Some(sighting), true))
}

/// Says how many signatures nobody here can verify.
fn leave_strangers(run: &Run<'_>, path: &str, note: &SignedNote, sighting: &Sighting) {
    let is_own = |signature: &&NoteSignature| sighting.signers.iter().any(|key| signature.is_by(key));
    let (own, others): (Vec<_>, Vec<_>) = note.signatures.iter().partition(is_own);
    let n_seen = sighting.witnesses.iter().filter(|view| matches!(view.state, WitnessState::SeenAt(_))).count();
    if note.signatures.len() > own.len() + n_seen {
        let bytes: usize = others.iter().map(|signature| signature.line().len() + 1).sum();
        let n = others.len() - n_seen;
        run.leave(path, bytes as u64, format!("{n} signatures by keys that are not known here"));
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
