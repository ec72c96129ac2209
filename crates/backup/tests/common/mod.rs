//! A small store, what it is sent, and what has to be in it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use backup::{BackupOptions, Place, RestoreOptions, Summary, back_up};
use extents::{from_file, with_columns};
use futures::executor::block_on;
use ingest::{Encryption, Vault, VaultOptions, Wanted};
use keys::{Cost, Passphrase};
use schema::{Column, KqlType};
use stdx::SystemClock;
use tlog::Policy;
use tlog::bundle::Files;
use tlog::entry::SeqRange;

pub const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
pub const MARKER: &str = "the-marker-that-nobody-may-find";

pub fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(words.as_bytes().to_vec()).expect("a passphrase")
}

pub fn encrypted(words: &str) -> Encryption {
    Encryption::Passphrase { passphrase: passphrase(words), cost: CHEAP }
}

pub fn vault_options() -> VaultOptions {
    let mut options = VaultOptions::default();
    options.sequencer.core.wal.segment_bytes = 1 << 20;
    options.sequencer.publish_every = Duration::from_millis(2);
    options
}

pub fn open(root: &Path, encryption: Encryption) -> Vault {
    let options = VaultOptions { encryption, ..vault_options() };
    Vault::open(root, Arc::new(SystemClock), options).expect("it opens")
}

/// Makes a store with a workspace and a table.
pub fn new_store(root: &Path, encryption: Encryption) -> Vault {
    let vault = open(root, encryption);
    vault.create_workspace("contoso").expect("a workspace");
    let columns = [Column::new("N", KqlType::Long), Column::new("User", KqlType::String)];
    vault.ensure_table("contoso", "Events", &columns).expect("a table");
    vault
}

/// Sends records with these numbers; returns once they are acknowledged.
pub fn take(vault: &Vault, numbers: std::ops::Range<i64>) {
    let records: String = numbers.map(|n| format!("{{\"N\":{n},\"User\":\"{MARKER}\"}}\n")).collect();
    let pending = vault.take("contoso", "Events", records.as_bytes(), None).expect("taken");
    block_on(pending.finish()).expect("taken");
}

/// Returns the numbers of all records, ascending.
pub fn numbers(vault: &Vault) -> Vec<i64> {
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let snapshot = table.snapshot().expect("a snapshot");
    let columns = snapshot.schema.columns();
    let mut numbers = Vec::new();
    let mut add = |rows: &arrow::array::RecordBatch| {
        let column = rows.column_by_name("N").expect("a column").as_primitive::<Int64Type>().clone();
        numbers.extend(column.values().iter().copied());
    };
    for file in &snapshot.files {
        file.rows(&["N", "_batch", "_pos"], None, |rows| {
            add(&from_file(&rows, columns).expect("columns"));
            Ok(())
        })
        .expect("rows");
    }
    snapshot.hot.iter().for_each(|rows| add(&with_columns(rows, columns).expect("columns")));
    numbers.sort_unstable();
    numbers
}

/// Proves all records and verifies the evidence as a stranger would.
pub fn prove(vault: &Vault) -> (Files, Policy) {
    let count = vault.workspace("contoso").and_then(|workspace| workspace.table("Events"));
    let count = count.expect("a table").status().n_records;
    let wanted = BTreeMap::from([("Events".to_string(), Wanted::Range(SeqRange { first: 0, count }))]);
    let bundle = vault.prove("contoso", &wanted, &BTreeSet::new()).expect("evidence");
    let policy = policy(vault);
    let report = tlog::bundle::verify(&bundle, &policy, &[]).expect("proved");
    assert_eq!(report.rows.len() as u64, count);
    (bundle, policy)
}

pub fn policy(vault: &Vault) -> Policy {
    let lines: String = vault.keys("contoso").expect("keys").iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(&format!("{lines}quorum none\n")).expect("a policy")
}

pub fn make(root: &Path, place: &Place) -> Summary {
    back_up(root, place, &SystemClock, &BackupOptions::default()).expect("a backup")
}

pub fn restore_options() -> RestoreOptions {
    RestoreOptions {
        reason: "the disk died".to_string(),
        authorities: vec!["ticket-17".to_string()],
        cost: CHEAP,
        vault: vault_options(),
        ..RestoreOptions::default()
    }
}

pub fn place(path: &Path) -> Place {
    Place::parse(path.to_str().expect("a text")).expect("a place")
}
