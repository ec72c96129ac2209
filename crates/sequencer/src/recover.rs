//! What a start finds: the frames of the write-ahead log, and what others know of the logs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tlog::entry::Entry;
use tlog::note::SignedNote;
use tlog::{Checkpoint, Hash};

use crate::codec::Decoder;
use crate::error::{OpenError, Stop};
use crate::group::{GroupLog, parse_group};
use crate::publish::{checkpoint_path, witnessed_path};
use crate::request::{Level, Receipt, StoredBatch, data_hash};
use crate::signed::{PATH as SIGNED_PATH, Signed};
use crate::state::{LogState, NodeState, time_of};
use crate::storage::Storage;
use crate::wal::{Frame, FrameKind, TableEnds};
use crate::window::{Answer, Window};

/// What others know of each workspace's log.
pub type Claims = BTreeMap<String, Vec<Claim>>;

/// That somebody has seen a log with so many entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub witness: String,
    pub size: u64,
    /// The root of these entries; `None` if only their number is known.
    pub root: Option<Hash>,
}

/// Adds what others know of the logs: the file of what was signed, and the published checkpoints.
pub fn read_claims(
    storage: &dyn Storage,
    mut claims: Claims,
    stop: &mut Option<Stop>,
) -> Result<(Option<Signed>, Claims), OpenError> {
    let evidence = |path: &str, why: &str| Stop::Evidence { path: path.to_string(), why: why.to_string() };
    let signed = match storage.read(SIGNED_PATH).map_err(OpenError::io(SIGNED_PATH))? {
        None => None,
        Some(bytes) => {
            let signed = Signed::parse(&bytes);
            if signed.is_none() {
                stop.get_or_insert(evidence(SIGNED_PATH, "it is damaged"));
            }
            signed
        }
    };
    for (workspace, (size, root)) in signed.iter().flat_map(|signed| &signed.logs) {
        let claim = Claim { witness: SIGNED_PATH.to_string(), size: *size, root: Some(*root) };
        claims.entry(workspace.clone()).or_default().push(claim);
    }
    for workspace in storage.list("ws").map_err(OpenError::io("ws"))? {
        for path in [checkpoint_path(&workspace), witnessed_path(&workspace)] {
            let Some(bytes) = storage.read(&path).map_err(OpenError::io(&path))? else { continue };
            let checkpoint = SignedNote::parse(&bytes).and_then(|note| Checkpoint::parse(&note.text));
            match checkpoint {
                Ok(Checkpoint { size, root, .. }) => {
                    let claim = Claim { witness: path, size, root: Some(root) };
                    claims.entry(workspace.clone()).or_default().push(claim);
                }
                Err(error) => {
                    stop.get_or_insert(evidence(&path, &error.to_string()));
                }
            }
        }
    }
    Ok((signed, claims))
}

/// Returns a stop if somebody knows more entries than there are.
pub fn behind(state: &NodeState, claims: &Claims) -> Option<Stop> {
    claims.iter().find_map(|(workspace, claims)| {
        let log = state.logs.get(workspace);
        let found = log.map_or(0, |log| log.tree.size());
        let claim = claims.iter().find(|claim| claim.size > found)?;
        let origin = log.map_or(workspace, |log| &log.origin).clone();
        Some(Stop::Behind { origin, witness: claim.witness.clone(), known: claim.size, found })
    })
}

/// Going through the frames of the write-ahead log.
pub struct Replay<'a> {
    pub state: Option<NodeState>,
    /// The state with which the oldest file begins.
    pub base: NodeState,
    pub window: Window,
    /// Entries by workspace since the base.
    pub entries: BTreeMap<String, Vec<Vec<u8>>>,
    /// That the log contradicts what somebody has seen.
    pub stop: Option<Stop>,
    pub claims: &'a Claims,
}

impl Replay<'_> {
    /// Takes the next frame, which stands at byte `at` of the file `path`, and returns how far the tables come in it.
    pub fn frame(
        &mut self,
        path: &str,
        at: u64,
        frame: &Frame,
        on_batch: &mut impl FnMut(StoredBatch),
    ) -> Result<TableEnds, OpenError> {
        let damaged = |why: &str| OpenError::Damaged { path: path.to_string(), byte: at, why: why.to_string() };
        match frame.kind {
            FrameKind::State => {
                let mut head = Decoder(&frame.head);
                let parts = head.bytes().zip(head.bytes()).filter(|_| head.is_at_end());
                let (state, window) = parts.ok_or_else(|| damaged("not a state"))?;
                let state = NodeState::parse(state).ok_or_else(|| damaged("not a state"))?;
                match &self.state {
                    None => {
                        for (workspace, log) in &state.logs {
                            check_claims(workspace, log, self.claims, &mut self.stop);
                        }
                        let checkpoint = |workspace: &str| state.logs.get(workspace)?.checkpoint.clone();
                        self.window.take_in(window, checkpoint).ok_or_else(|| damaged("not a state"))?;
                        self.base = state.clone();
                        self.state = Some(state);
                    }
                    Some(known) if *known == state => {}
                    Some(_) => return Err(damaged("the state is not that after the frame before")),
                }
                Ok(TableEnds::new())
            }
            FrameKind::Commit => {
                let logs = parse_group(&frame.head).ok_or_else(|| damaged("not a group"))?;
                let mut ends = TableEnds::new();
                let mut data = Decoder(&frame.data);
                for log in logs {
                    self.group_log(log, &mut data, &mut ends, on_batch).map_err(|why| damaged(&why))?;
                }
                if data.is_at_end() { Ok(ends) } else { Err(damaged("data that belong to no batch")) }
            }
        }
    }

    fn group_log(
        &mut self,
        group: GroupLog,
        data: &mut Decoder<'_>,
        ends: &mut TableEnds,
        on_batch: &mut impl FnMut(StoredBatch),
    ) -> Result<(), String> {
        let GroupLog { workspace, origin, size_before, items, checkpoint } = group;
        let state = self.state.get_or_insert_default();
        let mut log = state.logs.remove(&workspace).unwrap_or_else(|| LogState::new(origin.clone()));
        if log.origin != origin || log.tree.size() != size_before {
            return Err(format!("the frame does not continue the log of `{workspace}`"));
        }
        let checkpoint = Arc::new(checkpoint);
        let entries = self.entries.entry(workspace.clone()).or_default();
        for item in items {
            let index = log.tree.size();
            let Some(entry) = log.apply(&item.entry) else {
                return Err(format!("entry {index} of `{workspace}` does not follow the one before"));
            };
            state.time = state.time.max(time_of(&entry));
            entries.push(item.entry);
            check_claims(&workspace, &log, self.claims, &mut self.stop);
            match (entry, item.batch) {
                (Entry::Batch(batch), Some(stored)) => {
                    let missing = || format!("the data of entry {index} of `{workspace}` are missing");
                    let mut take = |len: u64| {
                        usize::try_from(len).ok().and_then(|len| data.take(len)).map(<[u8]>::to_vec).ok_or_else(missing)
                    };
                    let (leaf_material, payload) = (take(stored.leaf_material_len)?, take(stored.payload_len)?);
                    if data_hash(&leaf_material, &payload) != stored.hash {
                        return Err(format!("the data of entry {index} of `{workspace}` have another hash"));
                    }
                    ends.insert((workspace.clone(), batch.table.clone()), batch.end());
                    if let Some(request) = stored.request {
                        let records = batch.first..batch.end();
                        let receipt = Receipt {
                            level: Level::Committed,
                            entry: index,
                            records,
                            time: Some(batch.time),
                            checkpoint: checkpoint.clone(),
                        };
                        let answer = Answer { table: batch.table.clone(), content: request.content, receipt };
                        self.window.insert(&workspace, request, answer);
                    }
                    let (workspace, request) = (workspace.clone(), stored.request);
                    on_batch(StoredBatch { workspace, entry: index, batch, request, leaf_material, payload });
                }
                (Entry::Batch(_), None) | (_, Some(_)) => {
                    return Err(format!("entry {index} of `{workspace}` is of another kind"));
                }
                _ => {}
            }
        }
        if checkpoint.text != log.to_checkpoint().text() {
            return Err(format!("the checkpoint of `{workspace}` is not that of its entries"));
        }
        log.checkpoint = Some(SignedNote::clone(&checkpoint));
        state.logs.insert(workspace, log);
        Ok(())
    }
}

/// Compares a log that has just reached a size with those who know its root at that size.
fn check_claims(workspace: &str, log: &LogState, claims: &Claims, stop: &mut Option<Stop>) {
    let size = log.tree.size();
    for claim in claims.get(workspace).into_iter().flatten().filter(|claim| claim.size == size) {
        let ours = log.tree.root();
        if let Some(theirs) = claim.root.filter(|root| *root != ours) {
            let (origin, witness) = (log.origin.clone(), claim.witness.clone());
            stop.get_or_insert(Stop::Fork { origin, witness, size, ours, theirs });
        }
    }
}
