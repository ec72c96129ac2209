//! The life of records: joined, erased, held, purged and expired, with a store that is whole after each step.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use common::{WORKSPACE, check, take, texts, vault_options};
use ingest::{ActError, Selection, Vault, VaultOptions, Wanted};
use lifecycle::{DAY, Document, Hold, HoldLift, Retention};
use schema::{Column, KqlType};
use stdx::{Clock, SystemClock};
use tlog::entry::SeqRange;

/// A clock that is set forward.
#[derive(Clone)]
struct SetClock(Arc<AtomicI64>);

impl Clock for SetClock {
    fn now_ticks(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A store, opened again and again.
struct Store {
    root: tempfile::TempDir,
    clock: SetClock,
}

impl Store {
    fn new() -> Store {
        let clock = SetClock(Arc::new(AtomicI64::new(SystemClock.now_ticks())));
        Store { root: tempfile::tempdir().expect("a folder"), clock }
    }

    fn open(&self) -> Vault {
        // The clock is set forward by days: what is written when is for the tests to say.
        let flush_after = std::time::Duration::MAX;
        let options = VaultOptions { keep_every: None, flush_after, ..vault_options() };
        let vault = Vault::open(self.root.path(), Arc::new(self.clock.clone()), options).expect("it opens");
        if vault.workspace(WORKSPACE).is_none() {
            vault.create_workspace(WORKSPACE).expect("a workspace");
        }
        let columns =
            [("User", KqlType::String), ("Ip", KqlType::String), ("N", KqlType::Long), ("D", KqlType::Dynamic)];
        let columns = columns.map(|(name, ktype)| Column::new(name, ktype));
        vault.ensure_table(WORKSPACE, "Events", &columns).expect("a table");
        vault
    }

    fn set_forward(&self, days: i64) {
        self.clock.0.fetch_add(days * DAY, Ordering::SeqCst);
    }

    /// Verifies the store, which nobody has open.
    fn check(&self) {
        let report = check(self.root.path());
        assert_eq!(texts(&report), "");
        let unchecked = report.unchecked.iter().filter(|unchecked| unchecked.path != "wal");
        assert!(report.is_deep && unchecked.count() == 0, "{:?}", report.unchecked);
    }

    /// Returns the files that have a text in them.
    fn with_text(&self, text: &str) -> Vec<PathBuf> {
        folders::files_with(self.root.path(), text)
    }
}

/// Takes four records of users; the last of them is always Ann's.
fn take_users(vault: &Vault, n: i64) {
    let user = |m: i64| if m == 3 { "ann.secret@contoso.com".to_string() } else { format!("user{m}@contoso.com") };
    let record = |m: i64| {
        let user = user(m);
        format!("{{\"User\":\"{user}\",\"Ip\":\"10.9.8.{m}\",\"N\":{},\"D\":{{\"upn\":\"{user}\"}}}}\n", n * 4 + m)
    };
    take(vault, "Events", &(0..4).map(record).collect::<String>());
}

fn n_files(vault: &Vault) -> usize {
    vault.workspace(WORKSPACE).expect("a workspace").table("Events").expect("a table").status().n_files
}

/// Returns how many rows queries see, and how many of them have a user.
fn rows(vault: &Vault) -> (usize, usize) {
    let table = vault.workspace(WORKSPACE).expect("a workspace").table("Events").expect("a table");
    let snapshot = table.snapshot().expect("a snapshot");
    let (mut n_rows, mut n_users) = (0, 0);
    let mut count = |rows: &arrow::array::RecordBatch| {
        use arrow::array::AsArray;
        n_rows += rows.num_rows();
        let users = rows.column_by_name("User").map(|users| users.as_string_view().clone());
        n_users += users.map_or(0, |users| users.iter().flatten().filter(|user| !user.is_empty()).count());
    };
    for file in &snapshot.files {
        let each = |rows| {
            count(&rows);
            Ok(())
        };
        file.rows(&["User", "_batch"], None, each).expect("rows");
    }
    snapshot.hot.iter().for_each(&mut count);
    (n_rows, n_users)
}

/// Proves records and verifies the bundle as a stranger does; returns the rows that it shows.
fn prove(vault: &Vault, first: u64, count: u64) -> Result<Vec<String>, String> {
    let wanted = BTreeMap::from([("Events".to_string(), Wanted::Range(SeqRange { first, count }))]);
    let files = vault.prove(WORKSPACE, &wanted, &BTreeSet::new()).map_err(|error| error.to_string())?;
    let key = vault.keys(WORKSPACE).expect("keys").remove(0);
    let policy = tlog::Policy::parse(&format!("log {key}\nquorum none\n")).expect("a policy");
    let report = tlog::bundle::verify(&files, &policy, &[]).map_err(|error| error.to_string())?;
    Ok(report.rows.iter().map(|row| row.to_json()).collect())
}

fn hold(name: &str, from: Option<i64>, to: Option<i64>) -> Document {
    let (name, tables) = (name.to_string(), vec!["Events".to_string()]);
    Document::Hold(Hold { name, tables, from, to, reason: "case 7".to_string() })
}

fn lift(name: &str) -> Document {
    Document::HoldLift(HoldLift { name: name.to_string(), reason: "case 7 is over".to_string() })
}

fn asked() -> Vec<String> {
    vec!["request/7".to_string()]
}

fn erase_ann(vault: &Vault) -> Result<u64, ActError> {
    let selection = Selection::Equal { column: "User".to_string(), value: "ann.secret@contoso.com".to_string() };
    let columns = ["User", "Ip", "D"].map(str::to_string);
    vault.erase(WORKSPACE, "Events", &selection, &columns, "she asked for it", &asked()).map(|erased| erased.n_records)
}

#[test]
fn joined_files_are_the_same_records() {
    let store = Store::new();
    let vault = store.open();
    for n in 0..9 {
        take_users(&vault, n);
        vault.flush().expect("files");
    }
    let before = prove(&vault, 0, 36).expect("a bundle");
    assert_eq!((n_files(&vault), vault.compact().expect("joined"), n_files(&vault)), (9, 1, 1));
    assert_eq!((rows(&vault), prove(&vault, 0, 36).as_ref()), ((36, 36), Ok(&before)));
    assert_eq!(vault.compact().expect("nothing to do"), 0);
    drop(vault);
    store.check();
    assert_eq!(rows(&store.open()), (36, 36));
}

#[test]
fn erased_values_are_nowhere_and_every_proof_stays_valid() {
    let store = Store::new();
    let vault = store.open();
    for n in 0..6 {
        take_users(&vault, n);
        if n == 3 {
            vault.flush().expect("files");
        }
    }
    assert!(!store.with_text("ann.secret").is_empty(), "the control: it is there before");
    assert_eq!(erase_ann(&vault).expect("erased"), 6);
    assert_eq!(store.with_text("ann.secret"), Vec::<PathBuf>::new());
    assert_eq!(store.with_text("10.9.8.3"), Vec::<PathBuf>::new());
    assert!(!store.with_text("10.9.8.2").is_empty(), "the others stay");
    assert_eq!((rows(&vault), erase_ann(&vault).expect("nothing left")), ((24, 18), 0));
    let shown = prove(&vault, 0, 24).expect("a bundle");
    let is_erased = |row: &&String| !row.contains("contoso.com") && row.contains("\"_hidden\":[\"User\"");
    assert_eq!(shown.iter().filter(is_erased).count(), 6, "{shown:#?}");
    assert!(shown.iter().all(|row| row.contains("\"N\"")));
    take_users(&vault, 6);
    drop(vault);
    store.check();
    let vault = store.open();
    assert_eq!(erase_ann(&vault).expect("the new one"), 1);
    // What stays of a record can be erased too.
    let selection = Selection::Records(BTreeSet::from([(0, 3), (0, 0)]));
    let erased = vault.erase(WORKSPACE, "Events", &selection, &["N".to_string()], "a second request", &asked());
    assert_eq!(erased.expect("erased").n_records, 2);
    for _ in 0..4 {
        take_users(&vault, 7);
        vault.flush().expect("files");
    }
    assert!(vault.compact().expect("joined") > 0);
    assert_eq!(prove(&vault, 0, 44).expect("a bundle").len(), 44);
    drop(vault);
    store.check();
}

#[test]
fn a_hold_beats_erasure_purge_and_retention() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    let now = store.clock.now_ticks();
    vault.govern(WORKSPACE, hold("later", Some(now + DAY), None), &asked()).expect("a hold on what is to come");
    vault.govern(WORKSPACE, hold("case-7", Some(now - DAY), Some(now + DAY)), &asked()).expect("a hold");
    let held = |error: ActError| matches!(error, ActError::Held { hold } if hold == "case-7");
    assert!(erase_ann(&vault).is_err_and(held));
    let purged = vault.purge(WORKSPACE, "Events", i64::MAX, "a test", &asked()).expect("nothing");
    assert_eq!((purged.n_records, purged.n_held), (0, 4));
    let twice = vault.govern(WORKSPACE, hold("case-7", None, None), &asked()).expect_err("twice").to_string();
    assert_eq!(twice, "the hold `case-7` is in force already");
    drop(vault);
    store.check();
    let vault = store.open();
    assert_eq!(vault.rules(WORKSPACE).expect("rules").holds().len(), 2, "a restart knows them");
    assert!(erase_ann(&vault).is_err_and(held));
    vault.govern(WORKSPACE, lift("case-7"), &asked()).expect("lifted");
    assert_eq!(erase_ann(&vault).expect("erased"), 1);
    drop(vault);
    store.check();
}

#[test]
fn records_are_destroyed_when_their_time_is_over() {
    let store = Store::new();
    let vault = store.open();
    let retention = |days| {
        let (table, reason) = ("Events".to_string(), "policy 3".to_string());
        Document::Retention(Retention { table, retention_in_days: Some(days), total_retention_in_days: None, reason })
    };
    vault.govern(WORKSPACE, retention(60), &asked()).expect("a policy");
    for n in 0..10 {
        take_users(&vault, n);
        if n % 2 == 1 {
            vault.flush().expect("files");
        }
        store.set_forward(10);
    }
    // The first records are 100 days old, those of batch 3 are 70, those of batch 4 are 60.
    let destroyed = vault.expire().expect("destroyed");
    assert_eq!((destroyed.n_records, destroyed.n_files, destroyed.n_held), (16, 2, 0));
    assert_eq!((rows(&vault).0, vault.expire().expect("no more").n_records), (24, 0));
    assert_eq!(prove(&vault, 0, 4), Err("the records of entry 1 were destroyed when their time was over".to_string()));
    assert_eq!(prove(&vault, 16, 24).map(|rows| rows.len()), Ok(24));
    drop(vault);
    store.check();
    let vault = store.open();
    assert_eq!(
        vault.workspace(WORKSPACE).expect("a workspace").table("Events").expect("a table").status().n_records,
        40
    );
    // A file is cut when one of its records is a day over its time.
    store.set_forward(2);
    assert_eq!(vault.expire().expect("destroyed").n_records, 4);
    assert_eq!(rows(&vault).0, 20);
    drop(vault);
    store.check();
}

#[test]
fn a_purge_takes_what_it_says_and_says_what_it_took() {
    let store = Store::new();
    let vault = store.open();
    for n in 0..8 {
        take_users(&vault, n);
        store.set_forward(1);
        if n == 5 {
            vault.flush().expect("files");
        }
    }
    let before = store.clock.now_ticks() - 5 * DAY;
    let none = vault.purge(WORKSPACE, "Events", before, "  ", &asked()).expect_err("no reason").to_string();
    assert_eq!(none, "a reason is needed: a sentence that an auditor can read later");
    let purged = vault.purge(WORKSPACE, "Events", before, "the customer left", &asked()).expect("purged");
    assert_eq!((purged.n_records, purged.n_files), (12, 0), "the file was cut");
    assert_eq!((rows(&vault).0, n_files(&vault)), (20, 2));
    drop(vault);
    store.check();
    let unknown = store.open().purge(WORKSPACE, "Other", 0, "r", &asked()).expect_err("unknown").to_string();
    assert_eq!(unknown, "there is no table `Other` in the workspace");
}

#[test]
fn a_changed_document_stops_destruction_and_nothing_else() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    vault.govern(WORKSPACE, hold("case-7", None, None), &asked()).expect("a hold");
    drop(vault);
    let folder = store.root.path().join("ws").join(WORKSPACE).join("acts");
    let path = std::fs::read_dir(folder).expect("a folder").next().expect("a file").expect("a file").path();
    let text = std::fs::read_to_string(&path).expect("text");
    std::fs::write(&path, text.replace("Events", "Others")).expect("written");
    let found = texts(&check(store.root.path()));
    assert!(found.contains("the document of entry"), "{found}");
    let vault = store.open();
    take_users(&vault, 1);
    assert!(matches!(erase_ann(&vault), Err(ActError::Unreadable { .. })));
    assert!(matches!(vault.expire(), Err(ActError::Unreadable { .. })));
    assert_eq!(rows(&vault).0, 8);
}

/// A clock that goes on by a second whenever somebody looks.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ticks(&self) -> i64 {
        self.0.fetch_add(10_000_000, Ordering::SeqCst)
    }
}

#[test]
fn a_purge_counts_from_the_sealing_and_not_from_the_arrival() {
    let root = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(Ticking(AtomicI64::new(SystemClock.now_ticks())));
    let options = VaultOptions { flush_after: std::time::Duration::MAX, ..vault_options() };
    let vault = Vault::open(root.path(), clock.clone(), options).expect("it opens");
    vault.create_workspace(WORKSPACE).expect("a workspace");
    vault.ensure_table(WORKSPACE, "Events", &[Column::new("N", KqlType::Long)]).expect("a table");
    let arrived = clock.now_ticks();
    take(&vault, "Events", "{\"N\":1}");
    // A moment after the arrival, before the sealing.
    let purged = vault.purge(WORKSPACE, "Events", arrived + 10_000_001, "a test", &asked()).expect("nothing");
    assert_eq!(purged.n_records, 0);
    let now = clock.now_ticks();
    assert_eq!(vault.purge(WORKSPACE, "Events", now, "a test", &asked()).expect("purged").n_records, 1);
}

#[test]
fn an_erasure_that_failed_is_finished_when_it_is_asked_for_again() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    vault.flush().expect("files");
    let folder = store.root.path().join("ws").join(WORKSPACE);
    let (seeds, aside) = (folder.join("seeds"), folder.join("aside"));
    std::fs::rename(&seeds, &aside).expect("renamed");
    assert!(matches!(erase_ann(&vault), Err(ActError::Vault(_))), "nothing can be written anew without seeds");
    assert!(!store.with_text("ann.secret").is_empty());
    std::fs::rename(&aside, &seeds).expect("renamed");
    assert_eq!(erase_ann(&vault).expect("finished"), 0, "nothing has to be ordered any more");
    assert_eq!(store.with_text("ann.secret"), Vec::<PathBuf>::new());
    drop(vault);
    store.check();
}

#[test]
fn a_file_that_could_not_be_removed_is_removed_later() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    vault.flush().expect("files");
    let file = store
        .with_text("ann.secret")
        .into_iter()
        .find(|path| path.components().any(|part| part.as_os_str() == "data"))
        .expect("a file");
    let aside = store.root.path().join("aside");
    std::fs::rename(&file, &aside).expect("renamed");
    // A folder is not removed as a file is.
    std::fs::create_dir(&file).expect("a folder");
    assert!(matches!(erase_ann(&vault), Err(ActError::Vault(_))));
    std::fs::remove_dir(&file).expect("removed");
    std::fs::rename(&aside, &file).expect("renamed");
    assert_eq!(erase_ann(&vault).expect("finished"), 0, "nothing has to be ordered any more");
    assert_eq!(store.with_text("ann.secret"), Vec::<PathBuf>::new());
    drop(vault);
    store.check();
}

#[test]
fn cells_are_erased_however_files_are_joined_meanwhile() {
    let store = Store::new();
    let vault = store.open();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                vault.compact().expect("joined");
            }
        });
        for n in 0..60 {
            take_users(&vault, n);
            vault.flush().expect("files");
            if n % 4 == 3 {
                assert_eq!(erase_ann(&vault).expect("erased"), 4);
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(store.with_text("ann.secret"), Vec::<PathBuf>::new());
    drop(vault);
    store.check();
}

#[test]
fn a_hold_that_names_a_table_in_another_case_holds_it() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    let (name, tables) = ("case-7".to_string(), vec!["EVENTS".to_string()]);
    let hold = Document::Hold(Hold { name, tables, from: None, to: None, reason: "case 7".to_string() });
    vault.govern(WORKSPACE, hold, &asked()).expect("a hold");
    assert!(matches!(erase_ann(&vault), Err(ActError::Held { .. })));
    assert_eq!(vault.purge(WORKSPACE, "Events", i64::MAX, "a test", &asked()).expect("nothing").n_held, 4);
}

#[test]
fn a_guid_is_found_however_it_is_written() {
    let store = Store::new();
    let vault = store.open();
    vault.ensure_table(WORKSPACE, "Ids", &[Column::new("Id", KqlType::Guid)]).expect("a table");
    take(
        &vault,
        "Ids",
        "{\"Id\":\"74be27de-1e4e-49d9-b579-fe0b331d3642\"}\n{\"Id\":\"74be27de-1e4e-49d9-b579-fe0b331d3643\"}",
    );
    let value = "{74BE27DE-1E4E-49D9-B579-FE0B331D3642}".to_string();
    let selection = Selection::Equal { column: "Id".to_string(), value };
    let erased = vault.erase(WORKSPACE, "Ids", &selection, &["Id".to_string()], "she asked for it", &asked());
    assert_eq!(erased.expect("erased").n_records, 1);
}

#[test]
fn what_is_to_be_forgotten_yet_is_said() {
    let store = Store::new();
    let vault = store.open();
    take_users(&vault, 0);
    erase_ann(&vault).expect("erased");
    drop(vault);
    let is_said = || check(store.root.path()).unchecked.iter().any(|left| left.why.contains("is to be forgotten"));
    assert!(!is_said());
    // As a process leaves it that dies before the write-ahead log has let go of it.
    std::fs::write(store.root.path().join("forgetting"), "").expect("written");
    assert!(is_said());
    assert_eq!(erase_ann(&store.open()).expect("nothing to order"), 0);
    assert!(!is_said());
}
