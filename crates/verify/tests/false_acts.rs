//! What somebody with the folder and the signing key could seal to have records end on no one's word: each is named.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{WORKSPACE, check, open, take, texts, vault_options};
use folders::copy;
use ingest::document_path;
use lifecycle::{Document, Erasure, Hold, Purge, Retention};
use schema::{Column, KqlType};
use sequencer::storage::Disk;
use sequencer::{KeyFolder, Request, Sequencer};
use stdx::SystemClock;
use tempfile::TempDir;
use tlog::Hash;
use tlog::entry::{Act, Entry, Lifecycle, Redaction, SeqRange};

/// The first entry that the tests add: two batches and their files come before.
const NEXT: u64 = 4;

/// Makes a store with two batches of two records, each in a file of its own.
fn store() -> TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path());
    vault.create_workspace(WORKSPACE).expect("a workspace");
    let columns = [Column::new("User", KqlType::String), Column::new("N", KqlType::Long)];
    vault.ensure_table(WORKSPACE, "Events", &columns).expect("a table");
    for n in 0..2 {
        take(&vault, "Events", &format!("{{\"User\":\"ann\",\"N\":{n}}}\n{{\"User\":\"ben\"}}"));
        vault.flush().expect("files");
    }
    root
}

/// An entry with the document that it names.
type Sealed = (Entry, Option<Document>);

fn act(document: Document) -> Sealed {
    let (kind, subject, hash) = (document.kind(), document.subject().to_string(), Hash::of(&document.to_bytes()));
    // The sequencer says when.
    let time = 0;
    let act = Act { kind, subject, document: hash, authorities: vec!["audit/1".to_string()], time };
    (Entry::Act(act), Some(document))
}

fn hold(table: Option<&str>) -> Sealed {
    let (name, tables) = ("case-7".to_string(), table.into_iter().map(str::to_string).collect());
    act(Document::Hold(Hold { name, tables, from: None, to: None, reason: "r".to_string() }))
}

fn retention(days: u32) -> Sealed {
    let (table, reason) = ("Events".to_string(), "r".to_string());
    let retention = Retention { table, retention_in_days: Some(days), total_retention_in_days: None, reason };
    act(Document::Retention(retention))
}

fn purge(before_record: u64) -> Sealed {
    act(Document::Purge(Purge { table: "Events".to_string(), before_record, reason: "r".to_string() }))
}

fn erasure(columns: &[&str], n_records: u64) -> Sealed {
    let columns = columns.iter().map(|column| column.to_string()).collect();
    let (table, reason) = ("Events".to_string(), "r".to_string());
    act(Document::Erasure(Erasure { table, columns, n_records, reason }))
}

fn redaction(record: u64, columns: &[u16], by: u64) -> Sealed {
    let (table, authorities) = ("Events".to_string(), vec![format!("act/{by}")]);
    let (columns, time) = (columns.to_vec(), 0);
    (Entry::Redaction(Redaction { table, record, columns, authorities, time }), None)
}

fn lifecycle(count: u64, n_holds: u64, by: u64) -> Sealed {
    let (table, policy, files) = ("Events".to_string(), format!("act/{by}"), Vec::new());
    let (records, time) = (SeqRange { first: 0, count }, 0);
    (Entry::Lifecycle(Lifecycle { table, policy, records, files, n_holds, time }), None)
}

/// Appends entries to the log as only the store's owner can, takes a record afterwards, and verifies.
fn found(store: &Path, entries: &[Sealed]) -> String {
    let root = tempfile::tempdir().expect("a folder");
    copy(store, root.path());
    #[cfg(unix)]
    for key in std::fs::read_dir(root.path().join("keys").join(WORKSPACE)).expect("a folder") {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(key.expect("a key").path(), mode).expect("changed");
    }
    let disk = Arc::new(Disk::open(root.path()).expect("a folder"));
    let keys = Box::new(KeyFolder::new(root.path().join("keys")));
    let sequencer = Sequencer::open(disk, Arc::new(SystemClock), keys, vault_options().sequencer, |_| {});
    let sequencer = sequencer.expect("it opens");
    for (place, (entry, document)) in entries.iter().enumerate() {
        if let Some(bytes) = document.as_ref().map(Document::to_bytes) {
            let path = root.path().join(document_path(WORKSPACE, &Hash::of(&bytes)));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("written");
        }
        let request = Request::Entry { workspace: WORKSPACE.to_string(), entry: entry.clone() };
        let receipt = sequencer.submit(request).expect("taken").wait().expect("sealed");
        assert_eq!(receipt.entry, NEXT + place as u64);
    }
    drop(sequencer);
    let vault = open(root.path());
    take(&vault, "Events", "{\"N\":9}");
    drop(vault);
    texts(&check(root.path()))
}

#[test]
fn records_that_end_on_no_ones_word_are_named() {
    let store = store();
    for (entries, expected) in [
        // The controls: what is in order is no finding.
        (vec![erasure(&["User"], 1), redaction(0, &[1], NEXT)], ""),
        (vec![purge(2), lifecycle(2, 0, NEXT)], ""),
        (vec![hold(Some("Other")), purge(2), lifecycle(2, 1, NEXT + 1)], ""),
        // An order that comes after the deed.
        (vec![redaction(0, &[1], NEXT + 1), erasure(&["User"], 1)], "no act orders it"),
        (vec![lifecycle(2, 0, NEXT + 1), purge(2)], "which is no act that allows it"),
        // More than was ordered.
        (vec![erasure(&["User"], 1), redaction(0, &[1], NEXT), redaction(1, &[1], NEXT)], "orders it of 1 records"),
        (vec![erasure(&["User"], 1), redaction(0, &[1, 2], NEXT)], "1 columns only"),
        (vec![purge(2), lifecycle(4, 0, NEXT)], "orders it up to 2"),
        // Holds that are passed over, hidden, or made less.
        (vec![hold(Some("events")), purge(2), lifecycle(2, 1, NEXT + 1)], "which the hold `case-7` covers"),
        (vec![erasure(&["User"], 1), hold(None), redaction(0, &[1], NEXT)], "which the hold `case-7` covers"),
        (vec![hold(Some("Other")), purge(2), lifecycle(2, 0, NEXT + 1)], "0 holds were in force, and there were 1"),
        (vec![hold(None), hold(Some("Other"))], "the hold `case-7` is in force already"),
        // Terms that are none, or are not over.
        (vec![retention(1)], "it may be 4 to 730"),
        (vec![retention(4), lifecycle(2, 0, NEXT)], "which keeps them longer"),
    ] {
        // What was destroyed is in its files yet, and what was erased is not taken out of them.
        let found = found(store.path(), &entries);
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{expected}: {found}");
    }
}
