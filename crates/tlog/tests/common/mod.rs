//! A small vault with fixed keys, seeds and records, and the bundles that it gives out.
#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;

use tlog::bundle::{BatchRecords, BundleBuilder, Files, Row};
use tlog::entry::{BatchEntry, Entry, Heartbeat};
use tlog::note::{SignedNote, Signer};
use tlog::record::{Cell, CellType, LeafHasher, SchemaColumn, SchemaDoc, Seed, SeedTree, StoredRedaction};
use tlog::tree::{MemoryTree, consistency_proof, inclusion_proof, root};
use tlog::{Checkpoint, Policy};

pub const ORIGIN: &str = "vault.example/contoso";
/// 2026-01-02T03:04:05Z in ticks.
const START: i64 = 639_029_198_450_000_000;

/// A sealed batch with everything that proofs are made of.
pub struct Sealed {
    pub index: u64,
    pub entry: BatchEntry,
    pub schema: SchemaDoc,
    pub seeds: SeedTree,
    pub records: Vec<Vec<Cell<'static>>>,
    pub tree: MemoryTree,
}

pub struct Vault {
    pub log: Signer,
    pub witnesses: Vec<Signer>,
    pub tree: MemoryTree,
    pub batches: Vec<Sealed>,
    time: i64,
}

pub fn signins() -> SchemaDoc {
    let columns = [
        (0, CellType::Datetime, "TimeGenerated"),
        (1, CellType::String, "UserPrincipalName"),
        (2, CellType::String, "IPAddress"),
        (3, CellType::Bool, "IsInteractive"),
        (4, CellType::Int, "ResultType"),
        (5, CellType::Long, "DurationMs"),
        (6, CellType::Real, "Risk"),
        (7, CellType::Decimal, "Price"),
        (9, CellType::Timespan, "Age"),
        (10, CellType::Guid, "CorrelationId"),
        (300, CellType::Dynamic, "Location Details"),
    ];
    let columns = columns.map(|(id, kind, name)| SchemaColumn { id, kind, name: name.to_string() }).to_vec();
    SchemaDoc { table: "SigninLogs".to_string(), id: 3, columns }
}

pub fn audits() -> SchemaDoc {
    let columns = [(0, CellType::Datetime, "TimeGenerated"), (1, CellType::String, "OperationName")];
    let columns = columns.map(|(id, kind, name)| SchemaColumn { id, kind, name: name.to_string() }).to_vec();
    SchemaDoc { table: "AuditLogs".to_string(), id: 1, columns }
}

/// Every kind of value, and the edges of each by turns.
pub fn signin(number: i64) -> Vec<Cell<'static>> {
    let pick = |values: &[f64]| values[number as usize % values.len()];
    let mut price = [if number % 2 == 0 { 0 } else { 0xff }; 32];
    price[31 - number as usize % 20] = 0x7b;
    let mut guid = [0xab; 16];
    guid[0] = number as u8;
    let text = |text: String| if text.is_empty() { Cell::Absent } else { Cell::String(text.into()) };
    vec![
        Cell::Datetime(if number == 3 { -1 } else { START + number * 1_234_567 }),
        text(format!("user{number}@contoso.example")),
        text(if number == 2 { String::new() } else { format!("10.0.0.{number}") }),
        Cell::Bool(number % 2 == 0),
        Cell::Int(if number == 1 { i32::MIN } else { 50_000 + number as i32 }),
        Cell::Long([0, i64::MIN, i64::MAX, -1][number as usize % 4]),
        Cell::Real(pick(&[0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, 1e-7, 1.7e308, 123_456_789.125])),
        Cell::Decimal(price),
        Cell::Timespan(-number * 987_654_321_987),
        Cell::Guid(guid),
        Cell::Dynamic(
            format!("{{\"city\":\"Z\u{fc}rich \\u0041\",\"n\":[{number}.0,\"tab\there\\\\ \u{1f512}\u{7f}\u{85}\"],\n\"x\":\"\u{8}\u{c}\"}}").into(),
        ),
    ]
}

impl Vault {
    /// Seals some batches of two tables, with heartbeats between them: 9 entries.
    pub fn new() -> Vault {
        let log = Signer::log(ORIGIN, &[1; 32]).expect("a key");
        let witness =
            |number: u8| Signer::witness(&format!("witness.example/w{number}"), &[10 + number; 32]).expect("a key");
        let witnesses = vec![witness(1), witness(2)];
        let mut vault = Vault { log, witnesses, tree: MemoryTree::new(), batches: Vec::new(), time: START };
        vault.heartbeat();
        vault.seal(&signins(), (0..5).map(signin).collect());
        vault
            .seal(&audits(), vec![vec![Cell::Datetime(5), Cell::string("Add user")], vec![Cell::Absent, Cell::Absent]]);
        vault.seal(&signins(), (5..8).map(signin).collect());
        vault.heartbeat();
        vault.seal(&signins(), (8..9).map(signin).collect());
        vault.seal(&audits(), vec![vec![Cell::Datetime(6), Cell::string("Delete user")]]);
        vault.seal(&signins(), (9..16).map(signin).collect());
        vault.heartbeat();
        vault
    }

    pub fn heartbeat(&mut self) {
        self.time += 600_000_000;
        self.tree.append(Entry::Heartbeat(Heartbeat { time: self.time, tables: Vec::new() }).leaf());
    }

    pub fn seal(&mut self, schema: &SchemaDoc, records: Vec<Vec<Cell<'static>>>) {
        self.time += 15_000_000;
        let root = Seed([self.tree.size() as u8 + 100; 32]);
        let seeds = SeedTree::new(root, SeedTree::depth_for(records.len() as u64)).expect("a tree");
        let mut hasher = LeafHasher::new(schema);
        let leaf =
            |(seed, cells): (Seed, &Vec<Cell<'static>>)| hasher.hash(&seed, cells.iter().cloned()).expect("it fits");
        let tree: MemoryTree = seeds.seeds(0..records.len() as u64).zip(&records).map(leaf).collect();
        let before = self.batches.iter().rfind(|batch| batch.entry.table == schema.table);
        let entry = BatchEntry {
            table: schema.table.clone(),
            schema_id: schema.id,
            schema_hash: schema.hash(),
            first: before.map_or(0, |batch| batch.entry.end()),
            count: records.len() as u64,
            time: self.time,
            root: tree.root(),
            prev: before.map(|batch| batch.entry.leaf()),
        };
        let index = self.tree.size();
        self.tree.append(entry.leaf());
        self.batches.push(Sealed { index, entry, schema: schema.clone(), seeds, records, tree });
    }

    pub fn checkpoint_of(&self, size: u64) -> Checkpoint {
        let Ok(root) = root(&self.tree, size);
        Checkpoint { origin: ORIGIN.to_string(), size, root }
    }

    /// Signs the log's first entries, with all witnesses.
    pub fn checkpoint(&self, size: u64) -> SignedNote {
        let mut note = SignedNote::sign(self.checkpoint_of(size).text(), &self.log);
        for (witness, time) in self.witnesses.iter().zip(1_767_323_100..) {
            note.signatures.push(witness.sign(&note.text, time));
        }
        note
    }

    /// A policy that asks for all witnesses.
    pub fn policy_text(&self) -> String {
        let mut text = format!("log {}\n", self.log.verifier());
        for (idx, witness) in self.witnesses.iter().enumerate() {
            text.push_str(&format!("witness W{} {}\n", idx + 1, witness.verifier()));
        }
        let names: Vec<String> = (1..=self.witnesses.len()).map(|number| format!("W{number}")).collect();
        text + &format!("group witnesses all {}\nquorum witnesses\n", names.join(" "))
    }

    pub fn policy(&self) -> Policy {
        Policy::parse(&self.policy_text()).expect("a policy")
    }

    pub fn builder(&self) -> BundleBuilder {
        BundleBuilder::new(&self.checkpoint(self.tree.size())).expect("a checkpoint")
    }

    /// Shows records of a batch whole.
    pub fn rows(&self, batch: usize, positions: std::ops::Range<u64>) -> Vec<Row> {
        positions.map(|position| self.row(batch, position, |_| true)).collect()
    }

    pub fn row(&self, batch: usize, position: u64, is_shown: impl Fn(u16) -> bool) -> Row {
        let sealed = &self.batches[batch];
        let seed = sealed.seeds.seed(position).expect("a seed");
        Row::new(position, &sealed.schema, &seed, &sealed.records[position as usize], is_shown).expect("it fits")
    }

    /// Shows a record after some of its columns were erased.
    pub fn erased(&self, batch: usize, position: u64, is_erased: impl Fn(u16) -> bool + Copy) -> Row {
        let sealed = &self.batches[batch];
        let seed = sealed.seeds.seed(position).expect("a seed");
        let mut cells = sealed.records[position as usize].clone();
        let stored = StoredRedaction::new(&sealed.schema, &seed, &cells, is_erased).expect("it fits");
        let stored = StoredRedaction::from_bytes(&stored.digest_bytes(), &stored.salt_bytes()).expect("as written");
        for (column, cell) in sealed.schema.columns.iter().zip(&mut cells) {
            if is_erased(column.id) {
                *cell = Cell::Absent;
            }
        }
        Row::redacted(position, &sealed.schema, &stored, &cells, |_| true).expect("it fits")
    }

    pub fn add(&self, builder: &mut BundleBuilder, batch: usize, rows: Vec<Row>) {
        let sealed = &self.batches[batch];
        let Ok(path) = inclusion_proof(&self.tree, sealed.index, self.tree.size());
        let records = (!rows.is_empty()).then(|| {
            let Ok(records) = BatchRecords::new(&sealed.tree, sealed.entry.count, rows);
            records
        });
        builder.batch(sealed.index, &sealed.entry, path, &sealed.schema, records.as_ref());
    }

    pub fn add_consistency(&self, builder: &mut BundleBuilder, old: u64) {
        let Ok(proof) = consistency_proof(&self.tree, old, self.tree.size());
        builder.consistency(self.checkpoint(old), proof).expect("earlier");
    }

    /// Bundles of every kind, by name.
    pub fn bundles(&self) -> Vec<(&'static str, Files)> {
        vec![
            ("one-row", self.one_row()),
            ("hidden-columns", self.hidden_columns()),
            ("result-set", self.result_set()),
            ("range", self.range()),
            ("whole-table", self.whole_table()),
            ("growth", self.growth()),
            ("silence", Vault::quiet().silence()),
        ]
    }

    /// The same vault some time later, when only one table has grown.
    pub fn quiet() -> Vault {
        let mut vault = Vault::new();
        vault.heartbeat_of_tables();
        vault.seal(&audits(), vec![vec![Cell::Datetime(7), Cell::string("Read user")]]);
        vault.heartbeat_of_tables();
        vault.heartbeat_of_tables();
        vault
    }

    fn heartbeat_of_tables(&mut self) {
        self.tree.append(Entry::Heartbeat(self.next_heartbeat()).leaf());
        self.time += 600_000_000;
    }

    fn next_heartbeat(&self) -> Heartbeat {
        let end = |table: &str| self.batches.iter().rfind(|batch| batch.entry.table == table).map(|of| of.entry.end());
        let tables = ["AuditLogs", "SigninLogs"].map(|table| (table.to_string(), end(table).unwrap_or(0)));
        Heartbeat { time: self.time + 600_000_000, tables: tables.to_vec() }
    }

    /// That there were no sign-ins between the first and the last of three heartbeats.
    pub fn silence(&self) -> Files {
        let mut builder = self.builder();
        self.add_heartbeats(&mut builder, &[9, 11, 12]);
        builder.silent("SigninLogs", 16);
        self.add_consistency(&mut builder, 9);
        builder.finish()
    }

    /// Adds heartbeats of [`Vault::quiet`] by their places.
    pub fn add_heartbeats(&self, builder: &mut BundleBuilder, indexes: &[u64]) {
        let heartbeat = |time: i64, audits| Heartbeat {
            time,
            tables: vec![("AuditLogs".to_string(), audits), ("SigninLogs".to_string(), 16)],
        };
        let first = Vault::new().next_heartbeat();
        for index in indexes {
            let (later, n_audits) = match index {
                9 => (0, 3),
                11 => (615_000_000, 4),
                _ => (1_215_000_000, 4),
            };
            let entry = heartbeat(first.time + later, n_audits);
            let Ok(path) = inclusion_proof(&self.tree, *index, self.tree.size());
            builder.heartbeat(*index, &entry, path);
        }
    }

    pub fn one_row(&self) -> Files {
        let mut builder = self.builder();
        self.add(&mut builder, 0, self.rows(0, 2..3));
        builder.finish()
    }

    /// A record without what says who it was, one that was erased so, and one of which nothing is shown.
    pub fn hidden_columns(&self) -> Files {
        let mut builder = self.builder();
        let is_person = |id| matches!(id, 1 | 2 | 300);
        let rows = vec![self.row(0, 0, |id| !is_person(id)), self.row(0, 1, |_| false), self.erased(0, 4, is_person)];
        self.add(&mut builder, 0, rows);
        builder.finish()
    }

    /// Records of two tables; one of them is empty.
    pub fn result_set(&self) -> Files {
        let mut builder = self.builder();
        self.add(&mut builder, 0, [self.rows(0, 1..2), self.rows(0, 3..5)].concat());
        self.add(&mut builder, 1, self.rows(1, 1..2));
        self.add(&mut builder, 5, self.rows(5, 6..7));
        self.add_consistency(&mut builder, 3);
        builder.finish()
    }

    /// Records 3 to 8 with the batches that hold their neighbours.
    pub fn range(&self) -> Files {
        let mut builder = self.builder();
        self.add(&mut builder, 0, self.rows(0, 3..5));
        self.add(&mut builder, 2, self.rows(2, 0..3));
        self.add(&mut builder, 3, self.rows(3, 0..1));
        self.add(&mut builder, 5, Vec::new());
        builder.range("SigninLogs", 3, 6);
        builder.finish()
    }

    pub fn whole_table(&self) -> Files {
        let mut builder = self.builder();
        for (batch, n_rows) in [(0, 5), (2, 3), (3, 1), (5, 7)] {
            self.add(&mut builder, batch, self.rows(batch, 0..n_rows));
        }
        self.add(&mut builder, 4, self.rows(4, 0..1));
        builder.range("SigninLogs", 0, 16);
        builder.finish()
    }

    /// Only that the log grew, from several earlier sizes.
    pub fn growth(&self) -> Files {
        let mut builder = self.builder();
        for old in [0, 1, 4, 7, 9] {
            self.add_consistency(&mut builder, old);
        }
        builder.finish()
    }
}

pub fn write(folder: &Path, files: &Files) {
    std::fs::create_dir_all(folder).expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
}

/// Changes a file of a bundle as text.
pub fn edit(files: &mut Files, name: &str, change: impl FnOnce(&str) -> String) {
    let bytes = files.get_mut(name).unwrap_or_else(|| panic!("no {name}"));
    let changed = change(std::str::from_utf8(bytes).expect("text"));
    assert_ne!(changed.as_bytes(), bytes.as_slice(), "{name} does not change");
    *bytes = changed.into_bytes();
}
