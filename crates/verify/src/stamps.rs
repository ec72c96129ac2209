//! Timestamps (RFC 3161) of checkpoints: the checkpoints are of this log, and their timestamps what an authority says of them.

use std::collections::BTreeMap;

use anchors::tsa::verify;
use anchors::{stamped_checkpoint_path, timestamp_path};
use sequencer::log_folder;
use tlog::note::SignedNote;
use tlog::{Checkpoint, Hash, Policy};

use crate::log::LogContent;
use crate::report::Finding;
use crate::run::Run;

/// A checkpoint that was kept to be stamped.
pub struct Stamp {
    path: String,
    len: u64,
    pub checkpoint: Checkpoint,
    note: SignedNote,
}

/// Reads the checkpoints that were stamped. What no timestamps are kept as is a finding.
pub fn read_stamps(run: &Run<'_>, workspace: &str) -> Vec<Stamp> {
    let folder = format!("{}/tsr", log_folder(workspace));
    let mut sizes: BTreeMap<u64, bool> = BTreeMap::new();
    for path in run.files(&folder) {
        let name = path.strip_prefix(&format!("{folder}/")).unwrap_or_default();
        let size = |kind: &str| name.strip_suffix(kind)?.parse::<u64>().ok();
        match (size(".checkpoint"), size(".tsr")) {
            (Some(size), _) if path == stamped_checkpoint_path(workspace, size) => {
                sizes.insert(size, true);
            }
            (_, Some(size)) if path == timestamp_path(workspace, size) => {
                sizes.entry(size).or_insert(false);
            }
            _ if run.is_leftover(&path) => {}
            _ => run.find(Finding::new(&path, "no timestamp is kept in such a file")),
        }
    }
    let mut stamps = Vec::new();
    for (size, has_checkpoint) in sizes {
        let path = stamped_checkpoint_path(workspace, size);
        let Some(bytes) = run.read(&path).filter(|_| has_checkpoint) else {
            run.find(Finding::new(timestamp_path(workspace, size), "the checkpoint that it is of is missing"));
            continue;
        };
        let len = bytes.len() as u64;
        let note = SignedNote::parse(&bytes).ok().filter(|note| note.to_text().as_bytes() == bytes);
        let parsed = note.and_then(|note| Some((Checkpoint::parse(&note.text).ok()?, note)));
        match parsed.filter(|(checkpoint, _)| checkpoint.size == size) {
            Some((checkpoint, note)) => stamps.push(Stamp { path, len, checkpoint, note }),
            None => run.find(Finding::new(&path, "it is no signed checkpoint of its size").at(0..len)),
        }
    }
    stamps
}

/// Compares stamped checkpoints with the log, and verifies their timestamps.
pub fn check_stamps(run: &Run<'_>, content: &LogContent, origin: &str, stamps: &[Stamp], own: Option<&Policy>) {
    for Stamp { path, len, checkpoint, note } in stamps {
        let find = |what: String| run.find(Finding::new(path, what).at(0..*len));
        match run.options.policy.as_ref().or(own).map(|policy| policy.check_log(note)) {
            Some(Ok((_, signers))) => {
                let n_others = note.signatures.len().saturating_sub(signers.len());
                if n_others > 0 {
                    run.leave(path, 0, format!("signatures by others than the log: {n_others}"));
                }
            }
            Some(Err(error)) => find(error.to_string()),
            None => run.leave(path, *len, "there is no key to verify its signature with"),
        }
        if !origin.is_empty() && checkpoint.origin != origin {
            find(format!("it is a checkpoint of `{}`", checkpoint.origin));
        }
        match content.roots.get(&checkpoint.size) {
            Some(root) if *root == checkpoint.root => {}
            Some(root) => {
                let what = "what was stamped is of another history: its root is not that of the entries";
                run.find(Finding::new(path, what).at(0..*len).differs(checkpoint.root, root));
            }
            None if content.size < checkpoint.size => {
                let what = "what was stamped has more entries than the log";
                run.find(Finding::new(path, what).at(0..*len).differs(checkpoint.size, content.size));
            }
            None => run.leave(path, 0, "whether the log has grown from it: its entries cannot be read"),
        }
        check_timestamp(run, &content.workspace, checkpoint.size, note);
    }
}

fn check_timestamp(run: &Run<'_>, workspace: &str, size: u64, note: &SignedNote) {
    let path = timestamp_path(workspace, size);
    let Some(bytes) = run.read(&path) else {
        return run.leave(stamped_checkpoint_path(workspace, size), 0, "no timestamp of it was kept");
    };
    let len = bytes.len() as u64;
    let Some(authority) = &run.options.timestamp_authority else {
        return run.leave(path, len, "a timestamp: no certificates of its authority were given");
    };
    match verify(&bytes, &Hash::of(note.text.as_bytes()), None, authority) {
        Ok(_) => run.count(|counts| counts.n_timestamps += 1),
        Err(error) => run.find(Finding::new(path, stdx::error_chain(&error)).at(0..len)),
    }
}
