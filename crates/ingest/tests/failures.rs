//! A store whose disk refuses, that is closed in the midst, or that another process left half made: nothing is lost, and whoever sends
//! is told to wait.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use futures::executor::block_on;
use ingest::{IngestError, OwnTable, Vault, VaultError, VaultOptions};
use schema::{Column, KqlType};
use sequencer::{Options, SequencerOptions, WalOptions};
use stdx::SystemClock;

const WAIT: Duration = Duration::from_secs(20);

/// Files that are written at once, and a write-ahead log that is soon full.
fn options() -> VaultOptions {
    let wal = WalOptions { segment_bytes: 64 << 10, segments_max: 4 };
    let core = Options { wal, request_window: 16, ..Options::default() };
    let sequencer = SequencerOptions { core, publish_every: Duration::from_millis(5), ..SequencerOptions::default() };
    VaultOptions { sequencer, flush_rows: 100, flush_after: Duration::from_millis(50), ..VaultOptions::default() }
}

fn open(root: &Path, options: VaultOptions) -> Vault {
    Vault::open(root, Arc::new(SystemClock), options).expect("it opens")
}

fn begin(root: &Path, options: VaultOptions) -> Vault {
    let vault = open(root, options);
    vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &[Column::new("Text", KqlType::String)]).expect("a table");
    vault
}

fn body(n: usize) -> String {
    format!("{{\"Text\":\"{n} {}\"}}", "x".repeat(4000))
}

fn send(vault: &Vault, n: usize) -> Result<(), IngestError> {
    let pending = vault.take("contoso", "Events", body(n).as_bytes(), None)?;
    block_on(pending.finish()).map(|_| ())
}

fn n_rows(vault: &Vault) -> u64 {
    let table = vault.workspace("contoso").and_then(|workspace| workspace.table("Events")).expect("a table");
    table.snapshot().expect("a snapshot").n_rows()
}

/// Sends until there is no room; returns how many records were taken.
fn fill(vault: &Vault) -> usize {
    let begin = Instant::now();
    let mut n = 0;
    loop {
        match send(vault, n) {
            Ok(()) => n += 1,
            Err(IngestError::Busy { .. }) => return n,
            Err(error) => panic!("{error:?}"),
        }
        assert!(begin.elapsed() < WAIT, "there is always room");
    }
}

/// Waits until a record is taken again.
fn send_at_last(vault: &Vault, n: usize) {
    let begin = Instant::now();
    while let Err(error) = send(vault, n) {
        assert!(matches!(error, IngestError::Busy { .. }) && begin.elapsed() < WAIT, "{error:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Puts a file where the folder of the files of records belongs: nothing can be written there, whoever one is.
fn block(root: &Path) {
    std::fs::write(root.join("ws/contoso/data"), "").expect("written");
}

fn unblock(root: &Path) {
    std::fs::remove_file(root.join("ws/contoso/data")).expect("removed");
}

#[test]
fn a_full_log_makes_room_as_soon_as_files_can_be_written() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = begin(root.path(), options());
    block(root.path());
    let mut n = fill(&vault);
    assert!(n > 20, "{n}");
    assert_eq!(n_rows(&vault), n as u64);
    let begin = Instant::now();
    let failure = loop {
        match vault.flush_failure() {
            Some(failure) if failure.n_failures > 1 => break failure,
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
        assert!(begin.elapsed() < WAIT, "it is never said");
    };
    assert_eq!((failure.workspace.as_str(), failure.table.as_str()), ("contoso", "Events"));
    assert!(failure.why.contains("data"), "{failure:?}");
    assert!(matches!(vault.flush(), Err(VaultError::Io { .. })));
    // A restart does not help by itself, and does no harm.
    drop(vault);
    let vault = open(root.path(), options());
    assert_eq!(n_rows(&vault), n as u64);
    n += fill(&vault);
    unblock(root.path());
    send_at_last(&vault, n);
    assert_eq!(n_rows(&vault), n as u64 + 1);
    let begin = Instant::now();
    while vault.flush_failure().is_some() {
        assert!(begin.elapsed() < WAIT, "it goes on saying so");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn records_in_memory_have_a_bound() {
    let root = tempfile::tempdir().expect("a folder");
    let wal = WalOptions { segment_bytes: 1 << 20, segments_max: 64 };
    let mut options = VaultOptions { hot_bytes_max: 200 << 10, ..options() };
    options.sequencer.core.wal = wal;
    let vault = begin(root.path(), options.clone());
    block(root.path());
    let mut n = fill(&vault);
    assert!((5..200).contains(&n), "{n}");
    drop(vault);
    let vault = open(root.path(), options);
    n += fill(&vault);
    assert!(n < 200, "also right after a start: {n}");
    let own = vault.take_own("contoso", "Events", body(n).as_bytes(), None).expect("room is kept for the store's own");
    block_on(own.finish()).expect("taken");
    n += 1;
    unblock(root.path());
    send_at_last(&vault, n);
    assert_eq!(n_rows(&vault), n as u64 + 1);
}

#[test]
fn nobody_else_writes_the_stores_own_tables() {
    let root = tempfile::tempdir().expect("a folder");
    let own = |workspace: Option<&str>, table: &str| OwnTable {
        workspace: workspace.map(str::to_string),
        table: table.to_string(),
    };
    let own_tables = vec![own(None, "LAQueryLogs"), own(Some("vidimus"), "Events")];
    let vault = begin(root.path(), VaultOptions { own_tables, ..options() });
    let take = |table: &str| vault.take("contoso", table, br#"{"QueryText":"x"}"#, None).map(drop);
    for table in ["LAQueryLogs", "VidimusQuarantine"] {
        if table == "VidimusQuarantine" {
            let bad = vault.take("contoso", "Events", b"nonsense", None).expect("a quarantine is made");
            block_on(bad.finish()).expect("kept");
        }
        assert!(matches!(take(table), Err(IngestError::OwnTable { .. })), "{table}");
    }
    let rows = RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
    assert!(matches!(vault.take_rows("contoso", "LAQueryLogs", rows), Err(IngestError::OwnTable { .. })));
    take("Events").expect("it is another workspace's");
    let pending = vault.take_own("contoso", "LAQueryLogs", br#"{"QueryText":"x"}"#, None).expect("the store may");
    block_on(pending.finish()).expect("taken");
}

#[test]
fn a_file_that_was_not_sealed_is_not_left_behind() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = begin(root.path(), VaultOptions::default());
    send(&vault, 0).expect("taken");
    let seeds = root.path().join("ws/contoso/seeds");
    std::fs::write(&seeds, "").expect("written");
    for _ in 0..3 {
        assert!(matches!(vault.flush(), Err(VaultError::Io { .. })), "the seeds cannot be written");
    }
    let day = std::fs::read_dir(root.path().join("ws/contoso/data/Events")).expect("a folder").next();
    let day = day.expect("a day").expect("an entry").path();
    assert_eq!(std::fs::read_dir(&day).expect("a folder").count(), 0);
    std::fs::remove_file(&seeds).expect("removed");
    vault.flush().expect("flushed");
    assert_eq!((std::fs::read_dir(&day).expect("a folder").count(), n_rows(&vault)), (1, 1));
}

#[test]
fn what_is_on_its_way_when_a_store_is_closed_is_answered_and_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = begin(root.path(), options());
    let pending: Vec<_> =
        (0..40).filter_map(|n| vault.take("contoso", "Events", body(n).as_bytes(), None).ok()).collect();
    let n_pending = pending.len();
    let waiting = std::thread::spawn(move || {
        pending.into_iter().map(|pending| block_on(pending.finish())).filter(Result::is_ok).count()
    });
    let begin = Instant::now();
    drop(vault);
    assert!(begin.elapsed() < WAIT);
    let n_taken = waiting.join().expect("no panic");
    assert!(n_pending > 0 && n_taken > 0, "{n_pending} {n_taken}");
    assert_eq!(n_rows(&open(root.path(), options())), n_taken as u64);
}

#[test]
fn a_full_store_that_cannot_write_files_is_closed_all_the_same() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = begin(root.path(), options());
    block(root.path());
    let n = fill(&vault);
    let begin = Instant::now();
    drop(vault);
    assert!(begin.elapsed() < WAIT);
    assert_eq!(n_rows(&open(root.path(), options())), n as u64);
}

#[test]
fn what_is_half_made_is_made_anew() {
    let root = tempfile::tempdir().expect("a folder");
    // As a process leaves it that dies while it makes a workspace.
    let keys = root.path().join("keys");
    std::fs::create_dir_all(keys.join("contoso")).expect("a folder");
    std::fs::create_dir_all(keys.join("fabrikam")).expect("a folder");
    std::fs::write(keys.join("fabrikam/0123abcd.key.tmp"), "vidimus.key.v1\nname ").expect("written");
    let vault = begin(root.path(), options());
    assert_eq!(vault.workspaces(), ["contoso"]);
    vault.create_workspace("fabrikam").expect("a workspace");
    assert_eq!(std::fs::read_dir(keys.join("fabrikam")).expect("a folder").count(), 1);
    // A table without records is a table; half a schema is none.
    drop(vault);
    let schemas = root.path().join("ws/contoso/schema");
    std::fs::write(schemas.join("Other@1.tmp"), "vidimus").expect("written");
    let vault = open(root.path(), options());
    let workspace = vault.workspace("contoso").expect("a workspace");
    assert_eq!(workspace.tables().iter().map(|table| table.name().to_string()).collect::<Vec<_>>(), ["Events"]);
    assert_eq!(n_rows(&vault), 0);
    assert!(!schemas.join("Other@1.tmp").exists());
    send(&vault, 0).expect("taken");
    assert_eq!(n_rows(&vault), 1);
}

#[test]
fn a_table_that_cannot_be_made_is_none() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path(), options());
    vault.create_workspace("contoso").expect("a workspace");
    let schemas = root.path().join("ws/contoso/schema");
    std::fs::create_dir_all(root.path().join("ws/contoso")).expect("a folder");
    std::fs::write(&schemas, "").expect("written");
    let columns = [Column::new("Text", KqlType::String)];
    assert!(matches!(vault.ensure_table("contoso", "Events", &columns), Err(IngestError::Write { .. })));
    let workspace = vault.workspace("contoso").expect("a workspace");
    assert!(workspace.tables().is_empty());
    assert!(matches!(send(&vault, 0), Err(IngestError::UnknownTable { .. })));
    std::fs::remove_file(&schemas).expect("removed");
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    send(&vault, 0).expect("taken");
    assert_eq!((workspace.tables().len(), n_rows(&vault)), (1, 1));
}
