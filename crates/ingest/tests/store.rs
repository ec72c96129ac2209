//! A store from the outside: what was acknowledged is there, in order, after every kind of restart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{Snapshot, from_file, row_schema, with_columns};
use futures::executor::block_on;
use ingest::{Answer, IngestError, Vault, VaultError, VaultOptions, Wanted};
use schema::{Column, KqlType};
use stdx::SystemClock;
use tlog::entry::SeqRange;

fn open(root: &Path) -> Result<Vault, VaultError> {
    Vault::open(root, Arc::new(SystemClock), VaultOptions::default())
}

fn events() -> Vec<Column> {
    vec![Column::new("User", KqlType::String), Column::new("N", KqlType::Long)]
}

fn take(vault: &Vault, body: &str, request: Option<&str>) -> Result<Answer, IngestError> {
    vault.take("contoso", "Events", body.as_bytes(), request).and_then(|pending| block_on(pending.finish()))
}

/// Returns all rows of a snapshot: first those in files.
fn rows(snapshot: &Snapshot) -> RecordBatch {
    let columns = snapshot.schema.columns();
    let schema = row_schema(columns);
    let mut parts = Vec::new();
    for file in &snapshot.files {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).chain(["_batch", "_pos"]).collect();
        file.rows(&names, None, |batch| {
            parts.push(from_file(&batch, columns).expect("columns"));
            Ok(())
        })
        .expect("rows");
    }
    parts.extend(snapshot.hot.iter().map(|rows| with_columns(rows, columns).expect("columns")));
    concat_batches(&schema, &parts).expect("rows")
}

/// Returns (N, _batch, _pos) of all rows, by their places.
fn places(vault: &Vault) -> Vec<(i64, i64, i32)> {
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let rows = rows(&table.snapshot().expect("a snapshot"));
    let long = |name: &str| rows.column_by_name(name).expect(name).as_primitive::<Int64Type>().clone();
    let (n, entry) = (long("N"), long("_batch"));
    let position = rows.column_by_name("_pos").expect("_pos").as_primitive::<Int32Type>().clone();
    let mut places: Vec<_> =
        (0..rows.num_rows()).map(|row| (n.value(row), entry.value(row), position.value(row))).collect();
    places.sort_by_key(|(_, entry, position)| (*entry, *position));
    places
}

#[test]
fn what_was_acknowledged_is_there_after_every_restart() {
    let root = tempfile::tempdir().expect("a folder");
    let mut next = 0;
    let mut expected = Vec::new();
    for round in 0..4 {
        let vault = open(root.path()).expect("it opens");
        if round == 0 {
            vault.create_workspace("contoso").expect("a workspace");
            vault.ensure_table("contoso", "Events", &events()).expect("a table");
        }
        assert!(round == 0 || places(&vault).iter().map(|place| place.0).eq(expected.iter().copied()), "round {round}");
        for _ in 0..5 {
            let records: Vec<String> =
                (0..7).map(|n| format!("{{\"User\":\"ann\",\"N\":{},\"Other\":[1]}}", next + n)).collect();
            let answer = take(&vault, &records.join("\n"), None).expect("taken");
            assert_eq!((answer.taken, answer.rejected.len(), answer.receipts.len()), (7, 0, 1));
            expected.extend(next..next + 7);
            next += 7;
            assert!(places(&vault).iter().map(|place| place.0).eq(expected.iter().copied()), "visible at once");
        }
        if round % 2 == 1 {
            vault.flush().expect("flushed");
            let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
            assert_eq!((table.status().n_hot_rows, table.status().n_files), (0, 1 + round / 2));
            assert!(places(&vault).iter().map(|place| place.0).eq(expected.iter().copied()), "after writing a file");
        }
    }
}

#[test]
fn what_cannot_be_taken_is_kept_and_named() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &events()).expect("a table");
    let answer = take(&vault, "{\"N\":1}\n{\"N\":\"x\"}\nnonsense\n{\"N\":2}", Some("r1")).expect("taken");
    assert_eq!((answer.taken, answer.reasons().len(), answer.quarantine_receipts.len()), (2, 2, 1));
    let again = take(&vault, "{\"N\":1}\n{\"N\":\"x\"}\nnonsense\n{\"N\":2}", Some("r1")).expect("taken");
    assert_eq!(again, answer, "a repetition gets the first receipt");
    let other = take(&vault, "{\"N\":3}", Some("r1"));
    assert!(matches!(other, Err(IngestError::Submit(sequencer::SubmitError::RequestReused))), "{other:?}");
    assert_eq!(places(&vault).len(), 2);
    let quarantine = vault.workspace("contoso").expect("a workspace").table("VidimusQuarantine").expect("a table");
    let rows = rows(&quarantine.snapshot().expect("a snapshot"));
    let text = |name: &str, row| rows.column_by_name(name).expect(name).as_string_view().value(row).to_string();
    assert_eq!(
        (rows.num_rows(), text("Raw", 0), text("Raw", 1)),
        (2, "{\"N\":\"x\"}".to_string(), "nonsense".to_string())
    );
    assert_eq!(
        (text("Reason", 0), text("TableName", 0), text("RequestId", 0)),
        ("Mistyped".into(), "Events".into(), "r1".into())
    );
    let unknown = vault.take("contoso", "signinlogs", b"{}", None).err().map(|error| error.to_string());
    assert_eq!(unknown.as_deref(), Some("there is no table `signinlogs` in the workspace; is it `SigninLogs`?"));
    let unknown = vault.take("fabrikam", "Events", b"{}", None).err().map(|error| error.to_string());
    assert_eq!(unknown.as_deref(), Some("there is no workspace `fabrikam`"));
    // One request brings records of several tables, and of each some that cannot be taken; it may come again as a whole.
    vault.ensure_table("contoso", "Others", &[Column::new("N", KqlType::Long)]).expect("a table");
    for round in 0..2 {
        for table in ["Events", "Others"] {
            let body = format!("{{\"N\":\"{table}\"}}");
            let pending = vault.take("contoso", table, body.as_bytes(), Some("r2")).expect("room");
            let answer = block_on(pending.finish()).unwrap_or_else(|error| panic!("{table} {round}: {error}"));
            assert_eq!((answer.taken, answer.rejected.len()), (0, 1));
        }
    }
}

#[test]
fn a_changed_file_is_not_read() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &events()).expect("a table");
    take(&vault, "{\"N\":1}\n{\"N\":2}", None).expect("taken");
    vault.flush().expect("flushed");
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    let path = table.snapshot().expect("a snapshot").files[0].path().to_path_buf();
    drop(vault);
    let whole = std::fs::read(&path).expect("a file");
    for at in [whole.len() - 20, whole.len() - 400] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).expect("written");
        let vault = open(root.path()).expect("it opens");
        let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
        assert!(matches!(table.snapshot(), Err(VaultError::Extent { .. })));
        take(&vault, "{\"N\":3}", None).expect("it takes records all the same");
    }
    std::fs::remove_file(&path).expect("removed");
    let vault = open(root.path()).expect("it opens");
    let table = vault.workspace("contoso").expect("a workspace").table("Events").expect("a table");
    assert!(matches!(table.snapshot(), Err(VaultError::Extent { .. })), "a missing file is not an empty one");
}

#[test]
fn evidence_is_what_strangers_verify() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &events()).expect("a table");
    for n in 0..6 {
        let records: Vec<String> = (0..4).map(|m| format!("{{\"User\":\"u{m}\",\"N\":{}}}", n * 4 + m)).collect();
        take(&vault, &records.join("\n"), None).expect("taken");
        if n == 3 {
            vault.flush().expect("flushed");
            vault.ensure_table("contoso", "Events", &[Column::new("Late", KqlType::Real)]).expect("a column");
        }
    }
    let key = vault.keys("contoso").expect("keys").remove(0);
    let policy = tlog::Policy::parse(&format!("log {key}\nquorum none\n")).expect("a policy");
    let prove = |wanted: Wanted, hidden: &[&str]| {
        let hidden = hidden.iter().map(|name| (*name).to_string()).collect();
        vault.prove("contoso", &BTreeMap::from([("Events".to_string(), wanted)]), &hidden)
    };
    let report = |files: &tlog::bundle::Files| -> String {
        let report = tlog::bundle::verify(files, &policy, &[]).expect("it verifies");
        report.rows.iter().map(|row| row.to_json() + "\n").collect()
    };
    // In a file and in memory, before and after a column was added.
    let places = places(&vault);
    let wanted: BTreeSet<(u64, u64)> = [2, 3, 21].map(|row: usize| (places[row].1 as u64, places[row].2 as u64)).into();
    let shown = report(&prove(Wanted::Rows(wanted), &[]).expect("a bundle"));
    assert!(
        ["\"N\":2,", "\"N\":3,", "\"N\":21,"].iter().all(|n| shown.contains(n)) || shown.lines().count() == 3,
        "{shown}"
    );
    let shown = report(&prove(Wanted::Range(SeqRange { first: 6, count: 12 }), &["User"]).expect("a bundle"));
    assert_eq!(shown.lines().count(), 12);
    assert!(!shown.contains("\"u1\"") && shown.contains("_hidden"), "{shown}");
    for (wanted, error) in [
        (Wanted::Rows([(99, 0)].into()), "no entry 99 of the log is a batch of the table `Events`"),
        (Wanted::Rows([(0, 9)].into()), "the batch of entry 0 has 4 records, none at position 9"),
        (Wanted::Range(SeqRange { first: 20, count: 9 }), "the table `Events` has 24 records, not those from 20 to 29"),
        (Wanted::Rows(BTreeSet::new()), "nothing is asked for"),
    ] {
        assert_eq!(prove(wanted, &[]).expect_err(error).to_string(), error);
    }
    let error = prove(Wanted::Rows([(0, 0)].into()), &["Usr"]).expect_err("no column").to_string();
    assert_eq!(error, "there is no column `Usr` in the tables that are asked for");
}

#[test]
fn records_that_others_read_are_taken_and_the_rejected_ones_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let vault = open(root.path()).expect("it opens");
    vault.create_workspace("contoso").expect("a workspace");
    vault.ensure_table("contoso", "Events", &events()).expect("a table");
    let columns = vault.seen_columns("contoso", "Events").expect("columns");
    let take = || {
        let mut rows = files::RowBuilder::new(&columns, vault.record_bytes_max());
        for (text, raw) in [("1", "first"), ("x", "second"), ("3", "third")] {
            let place = columns.iter().position(|column| column.name == "N").expect("a column");
            rows.text(place, text).expect("a cell");
            rows.end(raw.as_bytes());
        }
        let records = rows.finish().expect("records");
        let pending = vault.take_records("contoso", "Events", records, Some(("r1", b"digest of the body".as_slice())));
        block_on(pending.expect("handed in").finish()).expect("taken")
    };
    let answer = take();
    assert_eq!((answer.taken, answer.rejected.len(), answer.quarantine_receipts.len()), (2, 1, 1));
    assert_eq!(take(), answer, "a repetition gets the first receipt");
    assert_eq!(places(&vault).iter().map(|place| place.0).collect::<Vec<_>>(), [1, 3]);
    let quarantine = vault.workspace("contoso").expect("a workspace").table("VidimusQuarantine").expect("a table");
    let rows = rows(&quarantine.snapshot().expect("a snapshot"));
    assert_eq!(rows.column_by_name("Raw").expect("Raw").as_string_view().value(0), "second");
    assert!(matches!(vault.seen_columns("contoso", "Nowhere"), Err(IngestError::UnknownTable { .. })));
}
