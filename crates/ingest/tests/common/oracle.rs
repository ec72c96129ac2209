//! What was promised by processes that died, and whether the store keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{Snapshot, from_file};
use folders::files;
use ingest::{QUARANTINE_TABLE, Vault, Wanted, Workspace};
use sequencer::storage::Disk;
use sequencer::{Tiles, checkpoint_path, log_folder};
use stdx::Rng;
use tlog::bundle::{Consistency, Pin, ShownCell};
use tlog::entry::SeqRange;
use tlog::note::SignedNote;
use tlog::record::Cell;
use tlog::tile::TileReader;
use tlog::tree::{consistency_proof, verify_consistency};
use tlog::{Checkpoint, Policy, Receipt};

use super::child::{GONE_TABLE, N_SENDERS, open, send};
use super::sending::{ROUND, Sending, broken, number_of};

/// How long the publisher may take.
const PUBLISH_WAIT: Duration = Duration::from_secs(10);

/// Of so many last requests some are sent again; all of them are to be known still.
const REPEATED: usize = 100;

/// What a sender was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Ack {
    pub receipts: Vec<Receipt>,
    pub quarantine_receipts: Vec<Receipt>,
}

/// What was promised about one store.
#[derive(Default)]
pub struct Oracle {
    acks: BTreeMap<u64, Ack>,
    /// Requests that were answered since the last look, in that order.
    new: Vec<u64>,
    /// Rounds since the last look.
    rounds: Vec<u64>,
    /// Checkpoints that somebody has seen since the last look.
    seen: Vec<(String, SignedNote)>,
    /// The checkpoint of each log at the last look.
    pins: BTreeMap<String, SignedNote>,
    /// Batches of which the text of the first record was erased, by workspace, table and entry.
    erased: BTreeSet<(String, String, u64)>,
    pub n_records: usize,
}

/// A log as it is published now.
struct Log<'a> {
    policy: Policy,
    note: SignedNote,
    checkpoint: Checkpoint,
    tiles: TileReader<Tiles<'a>>,
}

impl<'a> Log<'a> {
    fn read(disk: &'a Disk, vault: &Vault, workspace: &str) -> Option<Log<'a>> {
        let lines: String = vault.keys(workspace).expect("keys").iter().map(|key| format!("log {key}\n")).collect();
        let policy = Policy::parse(&format!("{lines}quorum none\n")).expect("a policy");
        let bytes = std::fs::read(vault.root().join(checkpoint_path(workspace))).ok()?;
        let note = SignedNote::parse(&bytes).expect("a checkpoint is whole");
        let checkpoint = policy.check(&note).expect("signed").checkpoint;
        let source = Tiles { storage: disk, folder: log_folder(workspace) };
        let tiles = TileReader { source, size: checkpoint.size };
        Some(Log { policy, note, checkpoint, tiles })
    }

    /// Shows that a checkpoint that somebody has seen is the beginning of the log.
    fn consistency(&self, seen: &SignedNote) -> Consistency {
        self.policy.check(seen).expect("signed");
        let (old, new) = (Checkpoint::parse(&seen.text).expect("a checkpoint"), &self.checkpoint);
        assert!(old.size <= new.size, "{} entries were signed, and there are {}", old.size, new.size);
        let proof = consistency_proof(&self.tiles, old.size, new.size).expect("tiles");
        verify_consistency(old.size, new.size, &proof, &old.root, &new.root).expect("no two histories");
        Consistency { proof, old: seen.clone() }
    }
}

impl Oracle {
    /// Takes a line that a process printed; returns what it complains about.
    pub fn hear(&mut self, line: &str) -> Option<String> {
        let fields: Vec<&str> = line.split('\t').collect();
        let receipt = |field: &&str| Receipt::parse(field.replace('|', "\n").as_bytes()).expect("a receipt");
        match fields.as_slice() {
            ["ack", number, n_taken, n_rejected, receipts @ ..] => {
                let count = |text: &str| text.parse::<usize>().expect("a number");
                let number = number.parse().expect("a number");
                let mut receipts: Vec<Receipt> = receipts.iter().map(receipt).collect();
                assert_eq!(receipts.len(), count(n_taken) + count(n_rejected));
                let quarantine_receipts = receipts.split_off(count(n_taken));
                self.acknowledge(number, Ack { receipts, quarantine_receipts });
                None
            }
            ["note", workspace, note] => {
                let note = SignedNote::parse(note.replace('|', "\n").as_bytes()).expect("a checkpoint is whole");
                self.seen.push(((*workspace).to_string(), note));
                None
            }
            ["erased", workspace, table, entry] => {
                let entry = entry.parse().expect("a number");
                self.erased.insert(((*workspace).to_string(), (*table).to_string(), entry));
                None
            }
            ["bad", what @ ..] => Some(what.join(": ")),
            _ => None,
        }
    }

    /// Says that a process of a round has lived.
    pub fn add_round(&mut self, round: u64) {
        self.rounds.push(round);
    }

    fn acknowledge(&mut self, number: u64, ack: Ack) {
        let workspace = Sending::new(number).workspace;
        for receipt in ack.receipts.iter().chain(&ack.quarantine_receipts) {
            self.seen.push((workspace.clone(), receipt.checkpoint.clone()));
        }
        self.acks.insert(number, ack);
        self.new.push(number);
    }

    /// Opens the store and holds it against everything that was promised.
    pub fn check(&mut self, store: &Path, rng: &mut Rng) {
        let vault = open(store).expect("it opens");
        assert_eq!(vault.status().stopped, None);
        self.check_order();
        let disk = Disk::open(store).expect("a store");
        self.repeat(&vault, rng);
        self.check_tables(&vault);
        if rng.below(3) == 0 {
            vault.flush().expect("flushed");
            self.check_tables(&vault);
        }
        self.check_files(&vault);
        self.prove(&vault, &disk, rng);
        self.check_checkpoints(&vault, &disk);
        self.new.clear();
        self.rounds.clear();
    }

    /// One sender's records are in the log in the order in which they were answered.
    fn check_order(&self) {
        let mut last: BTreeMap<(u64, u64, String), u64> = BTreeMap::new();
        for number in &self.new {
            let (thread, round) = (number % ROUND % N_SENDERS, number / ROUND);
            let entries = self.acks.get(number).into_iter().flat_map(|ack| &ack.receipts).map(|receipt| receipt.entry);
            for entry in entries {
                let before = last.insert((round, thread, Sending::new(*number).workspace), entry);
                assert!(before.is_none_or(|before| before < entry), "request {number} is before an older one");
            }
        }
    }

    /// Sends again what has an id: what was answered gets the same answer, what was not is taken once.
    fn repeat(&mut self, vault: &Vault, rng: &mut Rng) {
        let with_id = |number: &u64| Sending::new(*number).id.is_some();
        let known: Vec<u64> = self.new.iter().rev().copied().filter(with_id).take(REPEATED).collect();
        for _ in 0..2.min(known.len()) {
            let number = known[rng.below(known.len() as u64) as usize];
            let again = send(vault, &Sending::new(number)).expect("answered");
            let again = Ack { receipts: again.receipts, quarantine_receipts: again.quarantine_receipts };
            let places = |ack: &Ack| -> Vec<(u64, u64, u64)> {
                let receipts = ack.receipts.iter().chain(&ack.quarantine_receipts);
                receipts.map(|receipt| (receipt.entry, receipt.first, receipt.count)).collect()
            };
            assert_eq!(places(&again), places(&self.acks[&number]), "request {number} has another answer now");
            let receipts = again.receipts.into_iter().chain(again.quarantine_receipts);
            self.seen.extend(receipts.map(|receipt| (Sending::new(number).workspace, receipt.checkpoint)));
        }
        for round in self.rounds.clone() {
            // What nobody was told of is known as long as not too much came after it.
            if self.new.iter().filter(|number| **number / ROUND > round).count() > REPEATED {
                continue;
            }
            for thread in 0..N_SENDERS {
                let last = self.new.iter().rev().find(|number| {
                    **number / ROUND == round
                        && **number % N_SENDERS == (round * ROUND + thread) % N_SENDERS
                        && *number % ROUND != ROUND - 1
                });
                let next = last.map_or(round * ROUND + thread, |last| last + N_SENDERS);
                let sending = Sending::new(next);
                let has_table = vault
                    .workspace(&sending.workspace)
                    .is_some_and(|workspace| workspace.table(sending.table).is_some());
                if sending.id.is_none() || !has_table {
                    continue;
                }
                let answer = send(vault, &sending).expect("taken");
                let ack = Ack { receipts: answer.receipts, quarantine_receipts: answer.quarantine_receipts };
                self.acknowledge(next, ack);
            }
        }
    }

    /// Every acknowledged record is there once, at its place; whatever else is there is a whole request.
    fn check_tables(&mut self, vault: &Vault) {
        let mut found: BTreeMap<u64, u64> = BTreeMap::new();
        let mut quarantined: BTreeMap<i64, (String, u64)> = BTreeMap::new();
        self.n_records = 0;
        for name in vault.workspaces() {
            let workspace = vault.workspace(&name).expect("a workspace");
            for table in workspace.tables() {
                if table.name() == GONE_TABLE {
                    continue;
                }
                let snapshot = table.snapshot().expect("a snapshot");
                for entry in with_text(&snapshot) {
                    let place = (name.clone(), table.name().to_string(), entry);
                    assert!(!self.erased.contains(&place), "a text was erased and is there: {place:?}");
                }
                assert_eq!(snapshot.n_rows(), table.status().n_records, "every record is in one place");
                if table.name() == QUARANTINE_TABLE {
                    for (entry, record) in quarantine(&snapshot) {
                        let before = quarantined.insert(record, (name.clone(), entry));
                        // Without an id a request that was not answered is not known when it is sent again; here none is.
                        assert_eq!(before, None, "the broken record {record} is there twice");
                    }
                    continue;
                }
                for (entry, rows) in batches(&snapshot) {
                    let number = number_of(*rows.values().next().expect("a record"));
                    let sending = Sending::new(number);
                    let numbers: Vec<i64> = rows.values().copied().collect();
                    assert_eq!(numbers, sending.taken, "entry {entry} of `{name}` is request {number}");
                    assert!(rows.keys().copied().eq(0..numbers.len() as i32), "entry {entry} of `{name}`");
                    assert_eq!((sending.workspace.as_str(), sending.table), (name.as_str(), table.name()));
                    assert_eq!(found.insert(number, entry), None, "request {number} is there twice");
                    self.n_records += numbers.len();
                }
            }
        }
        for (number, ack) in &self.acks {
            let sending = Sending::new(*number);
            assert_eq!(ack.receipts.len(), usize::from(!sending.taken.is_empty()), "request {number}");
            for receipt in &ack.receipts {
                assert_eq!((receipt.first, receipt.count), (0, sending.taken.len() as u64));
                assert_eq!(found.get(number), Some(&receipt.entry), "request {number} was acknowledged");
            }
            for record in &sending.rejected {
                let place = quarantined.get(record).expect("an acknowledged broken record is in the quarantine");
                let receipt = ack.quarantine_receipts.first().expect("a receipt");
                assert_eq!(*place, (sending.workspace.clone(), receipt.entry));
            }
        }
    }

    /// There are no files but those that the log names, and keys and schemas are whole.
    fn check_files(&self, vault: &Vault) {
        for name in vault.workspaces() {
            let workspace = vault.workspace(&name).expect("a workspace");
            let begin = Instant::now();
            // A file may be written just now: then it is named a little later.
            loop {
                let found = ["data", "seeds"].map(|kind| files(&workspace.folder().join(kind))).concat();
                let (found, expected): (BTreeSet<_>, _) = (found.into_iter().collect(), live_files(&workspace));
                if found == expected {
                    break;
                }
                let differing: Vec<_> = found.symmetric_difference(&expected).collect();
                assert!(begin.elapsed() < PUBLISH_WAIT, "files of `{name}`: {differing:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let half = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tmp");
        let mut folders = vec![vault.root().join("keys")];
        folders.extend(vault.workspaces().iter().map(|name| vault.root().join("ws").join(name).join("schema")));
        folders.extend(vault.workspaces().iter().map(|name| vault.root().join("ws").join(name).join("acts")));
        assert_eq!(folders.iter().flat_map(|folder| files(folder)).find(half), None);
    }

    /// What was acknowledged can be proved to somebody who believes the checkpoint of the last look.
    fn prove(&self, vault: &Vault, disk: &Disk, rng: &mut Rng) {
        let verify = |workspace: &str, table: &str, wanted: Wanted| {
            let wanted = BTreeMap::from([(table.to_string(), wanted)]);
            let mut files = vault.prove(workspace, &wanted, &BTreeSet::new()).expect("a bundle");
            let log = Log::read(disk, vault, workspace).expect("a log");
            let shown = SignedNote::parse(&files["checkpoint"]).expect("a checkpoint");
            let mut pins = Vec::new();
            if let Some(pin) = self.pins.get(workspace).filter(|pin| **pin != shown) {
                let (old, new) = [pin, &shown].map(|note| Checkpoint::parse(&note.text).expect("a checkpoint")).into();
                let proof = consistency_proof(&log.tiles, old.size, new.size).expect("tiles");
                let consistency = Consistency { proof, old: pin.clone() };
                files.insert(format!("consistency-{}", old.size), consistency.to_text().into_bytes());
                pins.push(Pin(old));
            }
            tlog::bundle::verify(&files, &log.policy, &pins).expect("it verifies")
        };
        let acknowledged: Vec<(&u64, &Ack)> = self.acks.iter().filter(|(_, ack)| !ack.receipts.is_empty()).collect();
        if acknowledged.is_empty() {
            return;
        }
        let (number, ack) = acknowledged[rng.below(acknowledged.len() as u64) as usize];
        let sending = Sending::new(*number);
        let receipt = &ack.receipts[0];
        let rows = (0..receipt.count).map(|position| (receipt.entry, position)).collect();
        let report = verify(&sending.workspace, sending.table, Wanted::Rows(rows));
        let number_in = |row: &tlog::bundle::ShownRow| match row.cells.iter().find(|(name, _)| name == "N") {
            Some((_, ShownCell::Value(Cell::Long(n)))) => *n,
            other => panic!("{other:?}"),
        };
        assert!(report.rows.iter().map(number_in).eq(sending.taken.iter().copied()), "request {number}");
        let table = vault.workspace(&sending.workspace).and_then(|workspace| workspace.table(sending.table));
        let n_records = table.expect("a table").status().n_records;
        let first = rng.below(n_records);
        let count = 1 + rng.below((n_records - first).min(20));
        let report = verify(&sending.workspace, sending.table, Wanted::Range(SeqRange { first, count }));
        assert_eq!(report.rows.len() as u64, count);
    }

    /// No two checkpoints that anybody has seen contradict each other.
    fn check_checkpoints(&mut self, vault: &Vault, disk: &Disk) {
        for name in vault.workspaces() {
            let seen = self.seen.iter().filter(|(workspace, _)| *workspace == name).map(|(_, note)| note);
            // What was signed a moment ago is about to be published.
            let size = |note: &SignedNote| Checkpoint::parse(&note.text).expect("a checkpoint").size;
            let largest = seen.clone().map(size).max().unwrap_or(0);
            let begin = Instant::now();
            let is_published = |log: &Option<Log<'_>>| log.as_ref().map_or(0, |log| log.checkpoint.size) >= largest;
            let mut log = Log::read(disk, vault, &name);
            while !is_published(&log) && begin.elapsed() < PUBLISH_WAIT {
                std::thread::sleep(Duration::from_millis(2));
                log = Log::read(disk, vault, &name);
            }
            let Some(log) = log else { continue };
            let mut known = BTreeSet::new();
            for note in seen.chain(self.pins.get(&name)) {
                if known.insert(&note.text) {
                    log.consistency(note);
                }
            }
            self.pins.insert(name, log.note);
        }
        let is_unknown = |(workspace, _): &&(String, SignedNote)| !self.pins.contains_key(workspace);
        assert_eq!(self.seen.iter().find(is_unknown), None, "a log that was seen");
        self.seen.clear();
    }
}

/// Returns the files of a workspace that its log names, and their seeds.
fn live_files(workspace: &Workspace) -> BTreeSet<PathBuf> {
    let mut live = BTreeSet::new();
    for table in workspace.tables() {
        for file in table.snapshot().expect("a snapshot").files {
            let seeds = file.extent().path.replacen("data/", "seeds/", 1).replace(".parquet", ".seeds");
            live.extend([file.path().to_path_buf(), workspace.folder().join(seeds)]);
        }
    }
    live
}

/// Shows the rows of a snapshot, with some columns, part by part.
fn each_part(snapshot: &Snapshot, column: &str, mut show: impl FnMut(&RecordBatch)) {
    let columns: Vec<_> = snapshot.schema.columns().iter().filter(|known| known.name == column).cloned().collect();
    for file in &snapshot.files {
        file.rows(&[column, "_batch", "_pos"], None, |rows| {
            show(&from_file(&rows, &columns).expect("columns"));
            Ok(())
        })
        .expect("rows");
    }
    snapshot.hot.iter().for_each(show);
}

/// Returns the record numbers of each batch, by their positions.
fn batches(snapshot: &Snapshot) -> BTreeMap<u64, BTreeMap<i32, i64>> {
    let mut batches: BTreeMap<u64, BTreeMap<i32, i64>> = BTreeMap::new();
    each_part(snapshot, "N", |rows| {
        let long = |name: &str| rows.column_by_name(name).expect(name).as_primitive::<Int64Type>().clone();
        let (numbers, entries) = (long("N"), long("_batch"));
        let positions = rows.column_by_name("_pos").expect("_pos").as_primitive::<Int32Type>().clone();
        for row in 0..rows.num_rows() {
            let batch = batches.entry(entries.value(row) as u64).or_default();
            assert_eq!(batch.insert(positions.value(row), numbers.value(row)), None, "a record is there twice");
        }
    });
    batches
}

/// Returns the batches whose first record has a text.
fn with_text(snapshot: &Snapshot) -> Vec<u64> {
    let mut entries = Vec::new();
    each_part(snapshot, "Text", |rows| {
        let of_rows = rows.column_by_name("_batch").expect("_batch").as_primitive::<Int64Type>().clone();
        let positions = rows.column_by_name("_pos").expect("_pos").as_primitive::<Int32Type>().clone();
        let Some(texts) = rows.column_by_name("Text").map(|texts| texts.as_string_view().clone()) else { return };
        let has_text = |row: &usize| positions.value(*row) == 0 && !texts.value(*row).is_empty();
        entries.extend((0..rows.num_rows()).filter(has_text).map(|row| of_rows.value(row) as u64));
    });
    entries
}

/// Returns the broken records and the entries that they are in.
fn quarantine(snapshot: &Snapshot) -> Vec<(u64, i64)> {
    let mut found = Vec::new();
    each_part(snapshot, "Raw", |rows| {
        let entries = rows.column_by_name("_batch").expect("_batch").as_primitive::<Int64Type>().clone();
        let raw = rows.column_by_name("Raw").expect("Raw").as_string_view().clone();
        for row in 0..rows.num_rows() {
            let digits: String = raw.value(row).chars().filter(char::is_ascii_digit).collect();
            let record: i64 = digits.parse().expect("a number");
            assert_eq!(raw.value(row), broken(record));
            found.push((entries.value(row) as u64, record));
        }
    });
    found
}
