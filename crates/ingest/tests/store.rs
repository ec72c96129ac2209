//! A store from the outside: what was acknowledged is there, in order, after every kind of restart.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int32Type, Int64Type};
use extents::{Snapshot, from_file, row_schema};
use futures::executor::block_on;
use ingest::{Answer, IngestError, Vault, VaultError, VaultOptions};
use schema::{Column, KqlType};
use stdx::SystemClock;

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
    parts.extend(snapshot.hot.iter().cloned());
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
    assert_eq!((rows.num_rows(), text("Raw", 0), text("Raw", 1)), (2, "{\"N\":\"x\"}".to_string(), "nonsense".to_string()));
    assert_eq!((text("Reason", 0), text("TableName", 0), text("RequestId", 0)), ("Mistyped".into(), "Events".into(), "r1".into()));
    let unknown = vault.take("contoso", "signinlogs", b"{}", None).err().map(|error| error.to_string());
    assert_eq!(unknown.as_deref(), Some("there is no table `signinlogs` in the workspace; is it `SigninLogs`?"));
    let unknown = vault.take("fabrikam", "Events", b"{}", None).err().map(|error| error.to_string());
    assert_eq!(unknown.as_deref(), Some("there is no workspace `fabrikam`"));
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
