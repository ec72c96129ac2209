//! Retention, holds, erasure, purge, joining and restarts in any order, against a model that knows what must still be there.
//!
//! A failure names its seed; `VIDIMUS_SEED=17 cargo test -p verify --test interleavings` runs that one again, and `VIDIMUS_SEEDS=500` runs as
//! many. With a keeper beside, which thread comes first differs from run to run.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use common::{WORKSPACE, check, texts, vault_options};
use extents::{BATCH_COLUMN, POSITION_COLUMN, from_file};
use futures::executor::block_on;
use ingest::{ActError, Selection, Vault, VaultOptions, Wanted};
use lifecycle::{DAY, Document, Hold, HoldLift, Retention};
use schema::ticks::datetime_text;
use schema::{Column, KqlType};
use stdx::{Clock, Rng, SystemClock};
use tempfile::TempDir;
use tlog::entry::SeqRange;

const TABLES: [&str; 2] = ["Events", "Other"];
/// Columns of text that can be erased; the last is added later.
const TEXTS: [&str; 4] = ["User", "Ip", "D", "Late"];
const N_USERS: u64 = 7;
const N_STEPS: usize = 70;

/// A clock that is set.
#[derive(Clone)]
struct SetClock(Arc<AtomicI64>);

impl Clock for SetClock {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a seed decides.
struct Random(Rng);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize].clone()
    }
}

/// The texts of a record, by their columns.
type Texts = BTreeMap<&'static str, String>;

/// A record as it must be.
#[derive(Debug, Clone)]
struct Record {
    entry: u64,
    position: u64,
    sealed: i64,
    time: i64,
    n: i64,
    texts: Texts,
    /// Somebody may have destroyed it rightfully by now.
    may_be_gone: bool,
    /// It was seen to be gone.
    is_gone: bool,
}

#[derive(Default)]
struct Table {
    records: Vec<Record>,
    /// When a policy was set, and after how many days it destroys.
    policies: Vec<(i64, Option<u32>)>,
}

impl Table {
    /// Returns whether the policies of the last 30 days all let a record go.
    fn may_expire(&self, sealed: i64, now: i64) -> bool {
        let since = now - 30 * DAY;
        let ends = self.policies.iter().skip(1).map(|(time, _)| *time).chain([i64::MAX]);
        let is_over = |days: Option<u32>| days.is_some_and(|days| sealed < now - i64::from(days) * DAY);
        self.policies.first().is_some_and(|(first, _)| *first <= since)
            && self.policies.iter().zip(ends).filter(|(_, end)| *end > since).all(|((_, days), _)| is_over(*days))
    }
}

struct World {
    root: TempDir,
    clock: SetClock,
    random: Random,
    /// Whether a thread joins and destroys all the time.
    has_keeper: bool,
    vault: Option<Vault>,
    tables: BTreeMap<&'static str, Table>,
    holds: BTreeMap<String, Hold>,
    has_late: bool,
    n_taken: i64,
}

fn asked() -> Vec<String> {
    vec!["audit/7".to_string()]
}

impl World {
    fn new(seed: u64, has_keeper: bool) -> World {
        let clock = SetClock(Arc::new(AtomicI64::new(SystemClock.now_ticks())));
        let random = Random(Rng::from_seed(seed));
        let tables = TABLES.map(|table| (table, Table::default())).into();
        let root = tempfile::tempdir().expect("a folder");
        let (holds, vault) = (BTreeMap::new(), None);
        let mut world = World { root, clock, random, has_keeper, vault, tables, holds, has_late: false, n_taken: 0 };
        world.open();
        world.vault().create_workspace(WORKSPACE).expect("a workspace");
        let columns =
            [("User", KqlType::String), ("Ip", KqlType::String), ("N", KqlType::Long), ("D", KqlType::Dynamic)];
        for table in TABLES {
            let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
            world.vault().ensure_table(WORKSPACE, table, &columns).expect("a table");
            world.take(table);
        }
        world
    }

    fn open(&mut self) {
        let keep_every = self.has_keeper.then_some(Duration::from_millis(1));
        let options = VaultOptions { keep_every, flush_after: Duration::MAX, ..vault_options() };
        let vault = Vault::open(self.root.path(), Arc::new(self.clock.clone()), options).expect("it opens");
        self.vault = Some(vault);
    }

    fn vault(&self) -> &Vault {
        self.vault.as_ref().expect("it is open")
    }

    fn now(&self) -> i64 {
        self.clock.now_ticks()
    }

    fn step(&mut self) {
        let table = self.random.of(&TABLES);
        match self.random.below(24) {
            0..7 => self.take(table),
            7..10 => self.vault().flush().expect("files"),
            10 => assert!(self.vault().compact().is_ok()),
            11 => self.set_retention(table),
            12..14 => {
                let days = 1 + self.random.below(25) as i64;
                self.clock.0.fetch_add(days * DAY, Ordering::SeqCst);
            }
            14 => self.expire(),
            15 => self.purge(table),
            16..19 => self.erase(table),
            19 => self.set_hold(),
            20 => self.lift_hold(),
            21 => self.restart(),
            22 => self.prove(table),
            _ => self.add_column(),
        }
        self.allow();
        self.compare();
    }

    fn take(&mut self, name: &'static str) {
        let (now, mut body, mut records) = (self.now(), String::new(), Vec::new());
        for position in 0..1 + self.random.below(4) {
            let user = format!("user-{}-of-nobody", self.random.below(N_USERS));
            let mut texts = BTreeMap::from([("User", user.clone())]);
            if !self.random.one_in(3) {
                texts.insert("Ip", format!("10.0.0.{}", self.random.below(200)));
            }
            if self.random.one_in(2) {
                texts.insert("D", format!("{{\"upn\":\"{user}\"}}"));
            }
            if self.has_late && self.random.one_in(2) {
                texts.insert("Late", user);
            }
            self.n_taken += 1;
            let mut fields = vec![format!("\"N\":{}", self.n_taken)];
            for (column, text) in &texts {
                let is_json = *column == "D";
                fields.push(if is_json { format!("\"{column}\":{text}") } else { format!("\"{column}\":\"{text}\"") });
            }
            let mut time = now;
            if !self.random.one_in(4) {
                time = now + (self.random.below(60) as i64 - 40) * DAY;
                fields.push(format!("\"TimeGenerated\":\"{}\"", datetime_text(time)));
            }
            body += &format!("{{{}}}\n", fields.join(","));
            let (entry, n) = (0, self.n_taken);
            records.push(Record { entry, position, sealed: now, time, n, texts, may_be_gone: false, is_gone: false });
        }
        let taken = self.vault().take(WORKSPACE, name, body.as_bytes(), None).expect("taken").finish();
        let answer = block_on(taken).expect("taken");
        let [receipt] = answer.receipts.as_slice() else { panic!("one batch: {answer:?}") };
        let table = self.tables.get_mut(name).expect("a table");
        assert_eq!((receipt.first, answer.rejected.len()), (0, 0));
        records.iter_mut().for_each(|record| record.entry = receipt.entry);
        table.records.extend(records);
    }

    fn set_retention(&mut self, name: &'static str) {
        let days = self.random.of(&[Some(4), Some(10), Some(30), Some(90), None]);
        let total = self.random.of(&[None, None, days.map(|days| days + 5)]);
        let (table, reason) = (name.to_string(), "policy 3".to_string());
        let retention = Retention { table, retention_in_days: days, total_retention_in_days: total, reason };
        self.vault().govern(WORKSPACE, Document::Retention(retention), &asked()).expect("a policy");
        let now = self.now();
        self.tables.get_mut(name).expect("a table").policies.push((now, total.or(days)));
    }

    fn expire(&mut self) {
        self.vault().expire().expect("destroyed");
        if self.has_keeper || !self.holds.is_empty() {
            return;
        }
        // A day more, for files that are cut.
        let now = self.now();
        for name in TABLES {
            let seen = self.seen(name);
            let table = &self.tables[name];
            for record in table.records.iter().filter(|record| table.may_expire(record.sealed + DAY, now)) {
                assert!(!seen.contains_key(&(record.entry, record.position)), "it has to be gone: {record:?}");
            }
        }
    }

    fn purge(&mut self, name: &'static str) {
        let now = self.now();
        let before = match self.tables[name].records.as_slice() {
            [] => now,
            records => self.random.of(records).sealed + self.random.of(&[0, 1, DAY]),
        };
        let purged = self.vault().purge(WORKSPACE, name, before, "they asked", &asked()).expect("purged");
        let holds: Vec<Hold> = self.holds.values().cloned().collect();
        let is_held = |record: &Record| holds.iter().any(|hold| covers(hold, name, record.time));
        let records = &mut self.tables.get_mut(name).expect("a table").records;
        for record in records.iter_mut().filter(|record| record.sealed < before && !is_held(record)) {
            record.may_be_gone = true;
        }
        if !holds.is_empty() {
            return;
        }
        assert_eq!(purged.n_held, 0);
        let seen = self.seen(name);
        for record in self.tables[name].records.iter().filter(|record| record.sealed < before) {
            assert!(!seen.contains_key(&(record.entry, record.position)), "it has to be gone: {record:?}");
        }
    }

    fn erase(&mut self, name: &'static str) {
        let mut columns: Vec<&'static str> = TEXTS.to_vec();
        columns.retain(|column| (*column != "Late" || self.has_late) && !self.random.one_in(3));
        if columns.is_empty() {
            columns.push("User");
        }
        let user = format!("user-{}-of-nobody", self.random.below(N_USERS));
        let places: BTreeSet<(u64, u64)> = match self.tables[name].records.as_slice() {
            [] => BTreeSet::new(),
            records => (0..3).map(|_| self.random.of(records)).map(|record| (record.entry, record.position)).collect(),
        };
        let is_equal = places.is_empty() || self.random.one_in(2);
        let is_wanted = |record: &Record| match is_equal {
            true => record.texts.get("User") == Some(&user),
            false => places.contains(&(record.entry, record.position)),
        };
        let selection = match is_equal {
            true => Selection::Equal { column: "User".to_string(), value: user.clone() },
            false => Selection::Records(places.clone()),
        };
        let names: Vec<String> = columns.iter().map(|column| column.to_string()).collect();
        let erased = self.vault().erase(WORKSPACE, name, &selection, &names, "request 81", &asked());
        let holds: Vec<Hold> = self.holds.values().cloned().collect();
        let is_held = |record: &&mut Record| holds.iter().any(|hold| covers(hold, name, record.time));
        let records = &mut self.tables.get_mut(name).expect("a table").records;
        let mut wanted = records.iter_mut().filter(|record| is_wanted(record) && !record.is_gone);
        match erased {
            Ok(_) => {
                for record in wanted {
                    assert!(record.may_be_gone || !is_held(&record), "a hold covers it: {record:?}");
                    record.texts.retain(|column, _| !columns.contains(column));
                }
            }
            Err(ActError::Held { .. }) => assert!(wanted.any(|record| is_held(&record)), "nothing is held"),
            Err(error) => panic!("{error:?}"),
        }
        self.find_erased();
    }

    /// Looks for texts that no record has any more.
    fn find_erased(&mut self) {
        let records = || self.tables.values().flat_map(|table| &table.records).filter(|record| !record.is_gone);
        for user in (0..N_USERS).map(|user| format!("user-{user}-of-nobody")) {
            let is_kept = records().any(|record| record.texts.values().any(|text| text.contains(&user)));
            if !is_kept {
                assert_eq!(
                    folders::files_with(self.root.path(), &user),
                    Vec::<PathBuf>::new(),
                    "`{user}` is there yet"
                );
            }
        }
    }

    fn set_hold(&mut self) {
        let name = format!("case-{}", self.random.below(3));
        let tables = self.random.of(&[vec![], vec!["Events"], vec!["EVENTS"], vec!["Other"], vec!["Others"]]);
        let bound = |random: &mut Random| (random.below(80) as i64 - 50) * DAY;
        let from = (!self.random.one_in(3)).then(|| self.now() + bound(&mut self.random));
        let to = (!self.random.one_in(2)).then(|| from.unwrap_or(self.now()) + 1 + bound(&mut self.random).abs());
        let tables = tables.into_iter().map(str::to_string).collect();
        let hold = Hold { name: name.clone(), tables, from, to, reason: "case 7".to_string() };
        let set = self.vault().govern(WORKSPACE, Document::Hold(hold.clone()), &asked());
        assert_eq!(set.is_ok(), !self.holds.contains_key(&name), "{set:?}");
        if set.is_ok() {
            self.holds.insert(name, hold);
        }
    }

    fn lift_hold(&mut self) {
        let name = format!("case-{}", self.random.below(3));
        let lift = Document::HoldLift(HoldLift { name: name.clone(), reason: "it is over".to_string() });
        let lifted = self.vault().govern(WORKSPACE, lift, &asked());
        assert_eq!(lifted.is_ok(), self.holds.remove(&name).is_some(), "{lifted:?}");
    }

    fn restart(&mut self) {
        self.vault = None;
        if self.random.one_in(3) {
            self.verify();
        }
        self.open();
        let rules = self.vault().rules(WORKSPACE).expect("rules");
        assert!(rules.holds().eq(self.holds.values()), "a restart knows the holds");
    }

    fn add_column(&mut self) {
        if self.n_taken > 40 {
            let late = [Column::new("Late", KqlType::String)];
            for table in TABLES {
                self.vault().ensure_table(WORKSPACE, table, &late).expect("a column");
            }
            self.has_late = true;
        }
    }

    /// Proves a run of records and verifies the bundle as a stranger does.
    fn prove(&mut self, name: &'static str) {
        let n_records = self.tables[name].records.len() as u64;
        if n_records == 0 {
            return;
        }
        let first = self.random.below(n_records);
        let count = 1 + self.random.below((n_records - first).min(9));
        let run = &self.tables[name].records[first as usize..(first + count) as usize];
        let wanted = BTreeMap::from([(name.to_string(), Wanted::Range(SeqRange { first, count }))]);
        let files = match self.vault().prove(WORKSPACE, &wanted, &BTreeSet::new()) {
            Ok(files) => files,
            Err(error) => {
                assert!(run.iter().any(|record| record.may_be_gone), "{error:?}");
                return;
            }
        };
        assert!(run.iter().all(|record| !record.is_gone), "records that are gone cannot be proved");
        let key = self.vault().keys(WORKSPACE).expect("keys").remove(0);
        let policy = tlog::Policy::parse(&format!("log {key}\nquorum none\n")).expect("a policy");
        let report = tlog::bundle::verify(&files, &policy, &[]).expect("a valid bundle");
        let shown: Vec<String> = report.rows.iter().map(|row| row.to_json()).collect();
        assert_eq!(shown.len(), run.len());
        for record in run {
            let row = shown.iter().find(|row| {
                row.contains(&format!("\"N\":{},", record.n)) || row.contains(&format!("\"N\":{}}}", record.n))
            });
            let row = row.unwrap_or_else(|| panic!("{record:?} in {shown:?}"));
            let has_user = record.texts.values().any(|text| text.contains("-of-nobody"));
            assert_eq!(row.contains("-of-nobody"), has_user, "{record:?}: {row}");
        }
    }

    /// Takes note of what may be destroyed as things are now.
    fn allow(&mut self) {
        let (now, holds) = (self.now(), &self.holds);
        for (name, table) in &mut self.tables {
            let sealed: BTreeSet<i64> = table.records.iter().map(|record| record.sealed).collect();
            let over: BTreeSet<i64> = sealed.into_iter().filter(|sealed| table.may_expire(*sealed, now)).collect();
            for record in &mut table.records {
                let is_held = holds.values().any(|hold| covers(hold, name, record.time));
                record.may_be_gone |= over.contains(&record.sealed) && !is_held;
            }
        }
    }

    /// Compares all that queries see with what must be there.
    fn compare(&mut self) {
        for name in TABLES {
            let seen = self.seen(name);
            let table = self.tables.get_mut(name).expect("a table");
            let mut n_seen = 0;
            for record in &mut table.records {
                match seen.get(&(record.entry, record.position)) {
                    None => {
                        assert!(record.may_be_gone, "it was destroyed too early, in {name}: {record:?}");
                        record.is_gone = true;
                    }
                    Some(found) => {
                        assert!(!record.is_gone, "it was gone, and is back: {record:?}");
                        assert_eq!(*found, (record.n, record.texts.clone()), "{record:?}");
                        n_seen += 1;
                    }
                }
            }
            assert_eq!(n_seen, seen.len(), "rows of no record");
        }
    }

    /// Returns what queries see of a table, by entry and position.
    fn seen(&self, name: &str) -> BTreeMap<(u64, u64), (i64, Texts)> {
        let table = self.vault().workspace(WORKSPACE).expect("a workspace").table(name).expect("a table");
        let snapshot = table.snapshot().expect("a snapshot");
        let mut seen = BTreeMap::new();
        let mut add = |rows: &RecordBatch| {
            let entries = rows.column_by_name(BATCH_COLUMN).expect("entries").as_primitive::<Int64Type>();
            let positions = rows.column_by_name(POSITION_COLUMN).expect("positions").as_primitive::<Int32Type>();
            let numbers = rows.column_by_name("N").expect("numbers").as_primitive::<Int64Type>();
            for row in 0..rows.num_rows() {
                let text = |column: &&'static str| {
                    let texts = rows.column_by_name(column)?.as_string_view();
                    let text = (texts.is_valid(row) && !texts.value(row).is_empty()).then(|| texts.value(row))?;
                    Some((*column, text.to_string()))
                };
                let place = (entries.value(row) as u64, positions.value(row) as u64);
                let before = seen.insert(place, (numbers.value(row), TEXTS.iter().filter_map(text).collect()));
                assert_eq!(before, None, "a record is there twice");
            }
        };
        for file in &snapshot.files {
            let is_there = |column: &&Column| file.metadata().schema().index_of(&column.name).is_ok();
            let columns: Vec<Column> = snapshot.schema.columns().iter().filter(is_there).cloned().collect();
            let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            names.extend([BATCH_COLUMN, POSITION_COLUMN]);
            let each = |rows| {
                add(&from_file(&rows, &columns).expect("columns"));
                Ok(())
            };
            file.rows(&names, None, each).expect("rows");
        }
        snapshot.hot.iter().for_each(&mut add);
        seen
    }

    /// Verifies the store, which nobody has open, to the last record.
    fn verify(&mut self) {
        let report = check(self.root.path());
        assert_eq!(texts(&report), "");
        let unchecked: Vec<_> = report.unchecked.iter().filter(|left| left.path != "wal").collect();
        // A keeper that was stopped in between has left something to the next start.
        let is_excused = |path: &str| self.has_keeper && path.contains("/data/");
        let is_left = |why: &str| why.contains("no batch has yet") || why.contains("is there yet");
        let others: Vec<_> = unchecked.iter().filter(|left| !is_left(&left.why) && !is_excused(&left.path)).collect();
        assert!(report.is_deep && others.is_empty(), "{others:?}");
    }
}

fn covers(hold: &Hold, table: &str, time: i64) -> bool {
    let is_of = hold.tables.is_empty() || hold.tables.iter().any(|held| held.to_lowercase() == table.to_lowercase());
    is_of && hold.from.is_none_or(|from| from <= time) && hold.to.is_none_or(|to| time < to)
}

/// Says which seed failed.
struct Seed(u64, bool);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("VIDIMUS_SEED={} fails{}", self.0, if self.1 { " with a keeper beside" } else { "" });
        }
    }
}

fn run(has_keeper: bool, n_seeds: u64) {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match variable("VIDIMUS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("VIDIMUS_SEEDS").unwrap_or(n_seeds),
    };
    for seed in seeds {
        let _named = Seed(seed, has_keeper);
        let mut world = World::new(seed, has_keeper);
        (0..N_STEPS).for_each(|_| world.step());
        world.vault().flush().expect("files");
        if world.has_keeper {
            world.vault().expire().expect("what is over is over");
        }
        world.compare();
        world.find_erased();
        world.vault = None;
        world.verify();
    }
}

#[test]
fn nothing_goes_that_must_stay_and_nothing_stays_that_must_go() {
    run(false, 3);
}

#[test]
fn nothing_else_goes_while_a_keeper_joins_and_destroys() {
    run(true, 3);
}
