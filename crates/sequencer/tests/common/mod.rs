//! A small world around a core: keys, a clock, batches, and an oracle that remembers what was promised.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sequencer::storage::Storage;
use sequencer::storage::simulated::Simulated;
use sequencer::{
    Core, Keys, OpenError, Options, Publisher, Receipt, Request, RequestId, SealedBatch, Signer, StoredBatch,
    SubmitError, Tiles, WalOptions, checkpoint_path, log_folder, read_entries,
};
use stdx::{Clock, Rng};
use tlog::entry::Entry;
use tlog::note::SignedNote;
use tlog::tile::{Tile, TileReader};
use tlog::tree::{consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion};
use tlog::{Checkpoint, Hash, Policy};

pub const START: i64 = 639_000_000_000_000_000;

#[derive(Clone)]
pub struct TestClock(pub Arc<AtomicI64>);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(START)))
    }
}

impl Clock for TestClock {
    fn now_ticks(&self) -> i64 {
        self.0.fetch_add(10, Ordering::Relaxed)
    }
}

/// Keys that follow from the workspace's name; each workspace has as many as `n_keys` says, from `first` on.
#[derive(Clone, Copy)]
pub struct TestKeys {
    pub first: u8,
    pub n_keys: u8,
}

pub const KEYS: TestKeys = TestKeys { first: 1, n_keys: 1 };

pub fn origin(workspace: &str) -> String {
    format!("vault.example/{workspace}")
}

impl Keys for TestKeys {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        if workspace == "locked" {
            return Err("the device is away".to_string());
        }
        let signer = |n| tlog::note::Signer::log(&origin(workspace), &[n; 32]).map_err(|error| error.to_string());
        (self.first..self.first + self.n_keys).map(|n| Ok(Arc::new(signer(n)?) as Arc<dyn Signer>)).collect()
    }
}

pub fn options() -> Options {
    let wal = WalOptions { segment_bytes: 64 << 10, segments_max: 6 };
    Options { wal, request_window: 128, ..Options::default() }
}

pub fn batch(workspace: &str, table: &str, number: u64, payload_len: usize) -> SealedBatch {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    SealedBatch {
        workspace: workspace.to_string(),
        table: table.to_string(),
        request: Some(RequestId { id, content: [number as u8; 16] }),
        schema_id: 1,
        schema_hash: Hash::of(b"schema"),
        count: 1 + number % 7,
        root: Hash::of(&number.to_be_bytes()),
        leaf_material: vec![number as u8; 32],
        payload: vec![(number >> 3) as u8; payload_len],
    }
}

/// What was promised, and to be kept across crashes.
#[derive(Default)]
pub struct Oracle {
    pub acknowledged: Vec<(SealedBatch, Receipt)>,
    /// Checkpoints that somebody may have seen, by workspace.
    pub seen: Vec<(String, SignedNote)>,
    pub released: BTreeMap<(String, String), u64>,
    /// The batches that the last start showed.
    pub stored: Vec<StoredBatch>,
}

pub fn open(disk: &Simulated, clock: &TestClock, oracle: &mut Oracle) -> Result<(Core, Publisher), OpenError> {
    oracle.stored.clear();
    let stored = &mut oracle.stored;
    Core::open(Arc::new(disk.clone()), Arc::new(clock.clone()), Box::new(KEYS), options(), |batch| stored.push(batch))
}

impl Oracle {
    pub fn answered(&mut self, batch: &SealedBatch, answer: &Result<Receipt, SubmitError>) {
        if let Ok(receipt) = answer {
            self.seen.push((batch.workspace.clone(), SignedNote::clone(&receipt.checkpoint)));
            self.acknowledged.push((batch.clone(), receipt.clone()));
        }
    }

    /// Looks at what is published now, as anybody may.
    pub fn look(&mut self, disk: &dyn Storage) {
        for workspace in disk.list("ws").expect("a folder") {
            if let Some(bytes) = disk.read(&checkpoint_path(&workspace)).expect("readable") {
                self.seen.push((workspace, SignedNote::parse(&bytes).expect("a checkpoint is whole")));
            }
        }
    }

    /// Checks the store after a start and a publication.
    pub fn check(&self, disk: &dyn Storage) {
        let mut logs: BTreeMap<String, Log> = BTreeMap::new();
        for workspace in disk.list("ws").expect("a folder") {
            if let Some(log) = Log::read(disk, &workspace) {
                logs.insert(workspace, log);
            }
        }
        let reader =
            |workspace: &str, size| TileReader { source: Tiles { storage: disk, folder: log_folder(workspace) }, size };
        for (workspace, seen) in &self.seen {
            let log = logs.get(workspace).expect("a log that was seen");
            let (old, new) = (Checkpoint::parse(&seen.text).expect("a checkpoint"), &log.checkpoint);
            log.policy.check(seen).expect("signed");
            let proof = consistency_proof(&reader(workspace, new.size), old.size, new.size).expect("tiles");
            verify_consistency(old.size, new.size, &proof, &old.root, &new.root).expect("no two histories");
        }
        let mut last: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut known = BTreeSet::new();
        for (batch, receipt) in &self.acknowledged {
            let log = logs.get(&batch.workspace).expect("a log that was acknowledged");
            let bytes = log.entries.get(receipt.entry as usize).expect("an acknowledged entry");
            let Ok(Entry::Batch(entry)) = Entry::parse(bytes) else { panic!("a batch") };
            assert_eq!(
                (&entry.table, entry.root, entry.first..entry.end()),
                (&batch.table, batch.root, receipt.records.clone())
            );
            let size = log.checkpoint.size;
            let proof = inclusion_proof(&reader(&batch.workspace, size), receipt.entry, size).expect("tiles");
            verify_inclusion(&Hash::leaf(bytes), receipt.entry, size, &proof, &log.checkpoint.root).expect("provable");
            if !known.insert(batch.request) {
                continue;
            }
            let before = last.insert((&batch.workspace, &batch.table), receipt.entry);
            assert!(before.is_none_or(|before| before < receipt.entry), "in order");
            let released = self.released.get(&(batch.workspace.clone(), batch.table.clone()));
            if released.is_none_or(|released| *released < entry.end()) {
                let is_same =
                    |stored: &&StoredBatch| stored.workspace == batch.workspace && stored.entry == receipt.entry;
                let stored = self.stored.iter().find(is_same).expect("a batch that was not released");
                assert_eq!((&stored.payload, &stored.leaf_material), (&batch.payload, &batch.leaf_material));
                assert_eq!((&stored.batch, stored.request), (&entry, batch.request));
            }
        }
    }
}

/// A log as its files show it.
pub struct Log {
    pub policy: Policy,
    pub checkpoint: Checkpoint,
    pub entries: Vec<Vec<u8>>,
}

impl Log {
    pub fn read(disk: &dyn Storage, workspace: &str) -> Option<Log> {
        let signer = tlog::note::Signer::log(&origin(workspace), &[1; 32]).expect("a key");
        let policy = Policy::parse(&format!("log {}\nquorum none\n", signer.verifier())).expect("a policy");
        let note =
            SignedNote::parse(&disk.read(&checkpoint_path(workspace)).expect("readable")?).expect("a checkpoint");
        let checkpoint = policy.check(&note).expect("signed").checkpoint;
        let mut entries = Vec::new();
        for index in 0..checkpoint.size.div_ceil(256) {
            let tile = Tile::of_log(0, index, checkpoint.size).expect("a tile");
            entries.extend(read_entries(disk, workspace, tile).expect("entries"));
        }
        let source = Tiles { storage: disk, folder: log_folder(workspace) };
        let found = root(&TileReader { source, size: checkpoint.size }, checkpoint.size).expect("tiles");
        assert_eq!(found, checkpoint.root, "tiles have the root that was signed");
        let tree: tlog::tree::MemoryTree = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        assert_eq!(
            (tree.size(), tree.root()),
            (checkpoint.size, checkpoint.root),
            "entries have the root that was signed"
        );
        let mut tables: BTreeMap<String, (u64, Option<Hash>)> = BTreeMap::new();
        let mut roots = BTreeSet::new();
        for bytes in &entries {
            if let Entry::Batch(batch) = Entry::parse(bytes).expect("an entry") {
                let (first, prev) = tables.get(&batch.table).copied().unwrap_or((0, None));
                assert_eq!((batch.first, batch.prev), (first, prev), "batches are chained");
                assert!(roots.insert(batch.root), "no batch is there twice");
                tables.insert(batch.table.clone(), (batch.end(), Some(Hash::leaf(bytes))));
            }
        }
        Some(Log { policy, checkpoint, entries })
    }
}

pub fn requests(batches: &[SealedBatch]) -> Vec<Request> {
    batches.iter().cloned().map(Request::Batch).collect()
}

pub fn random_batch(rng: &mut Rng, number: u64) -> SealedBatch {
    let workspace = ["contoso", "fabrikam", "tailwind"][rng.below(3) as usize];
    let table = ["SigninLogs", "AuditLogs"][rng.below(2) as usize];
    let payload_len = if rng.below(2) == 0 { rng.below(30_000) } else { rng.below(2_000) };
    batch(workspace, table, number, payload_len as usize)
}
