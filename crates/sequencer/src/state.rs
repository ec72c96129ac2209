//! Where the logs of all workspaces stand: the tree's right edge, each table's last batch, the last checkpoint.

use std::collections::BTreeMap;

use tlog::entry::{BatchEntry, Entry};
use tlog::note::SignedNote;
use tlog::tree::TreeBuilder;
use tlog::{Checkpoint, Hash};

use crate::codec::{Decoder, Encoder};

/// Where one log stands.
#[derive(Debug, Clone, PartialEq)]
pub struct LogState {
    /// The log's name, which is also that of its keys.
    pub origin: String,
    pub tree: TreeBuilder,
    pub tables: BTreeMap<String, TableState>,
    /// The checkpoint over all entries; `None` before the first.
    pub checkpoint: Option<SignedNote>,
}

/// Where a table stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableState {
    /// The number that the next record will have.
    pub next: u64,
    /// The leaf hash of the last batch's entry.
    pub prev: Option<Hash>,
}

/// The logs by workspace, and the time of the last entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeState {
    pub time: i64,
    pub logs: BTreeMap<String, LogState>,
}

impl LogState {
    /// Makes an empty log.
    pub fn new(origin: String) -> LogState {
        LogState { origin, tree: TreeBuilder::new(), tables: BTreeMap::new(), checkpoint: None }
    }

    /// Returns the checkpoint over all entries, not signed.
    pub fn to_checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.tree.size(), root: self.tree.root() }
    }

    /// Appends an entry and returns it; `None` if it does not follow what is there.
    pub fn apply(&mut self, bytes: &[u8]) -> Option<Entry> {
        let entry = Entry::parse(bytes).ok()?;
        if let Entry::Batch(batch) = &entry {
            let table = self.tables.entry(batch.table.clone()).or_default();
            if table.next != batch.first || table.prev != batch.prev {
                return None;
            }
            *table = TableState::after(batch, Hash::leaf(bytes));
        }
        self.tree.append(Hash::leaf(bytes));
        Some(entry)
    }
}

impl TableState {
    /// Returns where a table stands after a batch whose entry has a leaf hash.
    pub fn after(batch: &BatchEntry, leaf: Hash) -> TableState {
        TableState { next: batch.end(), prev: Some(leaf) }
    }
}

/// Returns the time of an entry.
pub fn time_of(entry: &Entry) -> i64 {
    match entry {
        Entry::Batch(entry) => entry.time,
        Entry::Extent(entry) => entry.time,
        Entry::Lifecycle(entry) => entry.time,
        Entry::Redaction(entry) => entry.time,
        Entry::Act(entry) => entry.time,
        Entry::Heartbeat(entry) => entry.time,
    }
}

/// Gives an entry a time.
pub fn set_time(entry: &mut Entry, time: i64) {
    match entry {
        Entry::Batch(entry) => entry.time = time,
        Entry::Extent(entry) => entry.time = time,
        Entry::Lifecycle(entry) => entry.time = time,
        Entry::Redaction(entry) => entry.time = time,
        Entry::Act(entry) => entry.time = time,
        Entry::Heartbeat(entry) => entry.time = time,
    }
}

impl NodeState {
    /// Returns the state as it stands in a frame.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.i64(self.time);
        out.u64(self.logs.len() as u64);
        for (workspace, log) in &self.logs {
            out.bytes(workspace.as_bytes());
            out.bytes(log.origin.as_bytes());
            out.u64(log.tree.size());
            for hash in log.tree.edge() {
                out.hash(hash);
            }
            out.bytes(log.checkpoint.as_ref().map(SignedNote::to_text).unwrap_or_default().as_bytes());
            out.u64(log.tables.len() as u64);
            for (name, table) in &log.tables {
                out.bytes(name.as_bytes());
                out.u64(table.next);
                out.hash(&table.prev.unwrap_or(Hash::EMPTY_ROOT));
            }
        }
        out.0
    }

    /// Reads what [`NodeState::to_bytes`] gives.
    pub fn parse(bytes: &[u8]) -> Option<NodeState> {
        let mut bytes = Decoder(bytes);
        let mut state = NodeState { time: bytes.i64()?, logs: BTreeMap::new() };
        for _ in 0..bytes.u64()? {
            let (workspace, origin, size) = (bytes.text()?, bytes.text()?, bytes.u64()?);
            let edge: Option<Vec<Hash>> = (0..size.count_ones()).map(|_| bytes.hash()).collect();
            let tree = TreeBuilder::from_edge(size, edge?)?;
            let checkpoint = match bytes.bytes()? {
                [] => None,
                note => Some(SignedNote::parse(note).ok()?),
            };
            let mut tables = BTreeMap::new();
            for _ in 0..bytes.u64()? {
                let (name, next, prev) = (bytes.text()?, bytes.u64()?, bytes.hash()?);
                tables.insert(name, TableState { next, prev: (next > 0).then_some(prev) });
            }
            state.logs.insert(workspace, LogState { origin, tree, tables, checkpoint });
        }
        bytes.is_at_end().then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back() {
        let mut log = LogState::new("log.example".to_string());
        for n in 0..7u8 {
            log.tree.append(Hash::of(&[n]));
        }
        log.tables.insert("A".to_string(), TableState { next: 9, prev: Some(Hash::of(b"x")) });
        log.tables.insert("B".to_string(), TableState::default());
        let signer = tlog::note::Signer::log("log.example", &[1; 32]).expect("a key");
        log.checkpoint = Some(SignedNote::sign(log.to_checkpoint().text(), &signer));
        let logs = [("a".to_string(), log), ("b".to_string(), LogState::new("b.example".to_string()))];
        let state = NodeState { time: 5, logs: logs.into() };
        let bytes = state.to_bytes();
        assert_eq!(NodeState::parse(&bytes), Some(state));
        for end in 0..bytes.len() {
            assert_eq!(NodeState::parse(&bytes[..end]), None);
        }
    }
}
