//! What commands change is there after a restart, is sealed, and the store is whole.

mod common;

use auth::Role;
use common::{DATABASE, Store};
use std::sync::Arc;

#[test]
fn changes_survive_a_restart_and_are_sealed() {
    let mut store = Store::new();
    for command in [
        ".create table T (A:long, ['b c']:string) with (docstring = 'd')",
        ".append T <| print 1, 'one'",
        ".create function F(a:long) { a * 2 }",
        ".create table T ingestion csv mapping 'm' '[{\"Column\":\"A\",\"Properties\":{\"Ordinal\":0}}]'",
        ".rename table T to U",
        ".create table T (A:string)",
        ".append T <| print 'new'",
        ".create table Gone (A:long)",
        ".append Gone <| print 5",
        ".drop table Gone",
        ".create table R (A:long)",
        ".append R <| print 1",
        ".set-or-replace R <| print 2",
    ] {
        let answer = store.answer(command);
        assert!(!answer.starts_with('!'), "{command}: {answer}");
    }
    let asked = [
        "T",
        "U",
        "R",
        "print F(4)",
        ".show tables",
        ".show schema as json",
        ".show table U ingestion mappings",
        ".show journal",
    ];
    let before = asked.map(|text| store.answer(text));
    assert_eq!(before[0], "A:string\n[new]");
    assert_eq!(before[1], "A:long, b c:string\n[1 | one]");
    assert_eq!(before[2], "A:long\n[2]");
    store.open();
    let after = asked.map(|text| store.answer(text));
    assert_eq!(after, before);
    assert!(store.answer(".undo drop table Gone").contains("Recovered"));
    assert_eq!(store.answer("Gone"), "A:long\n[5]");
    store.manager().vault.flush().unwrap();
    assert_eq!(store.answer("U"), before[1], "also out of files");

    // Every record that was ever taken is sealed, and every change is an act.
    let tables: Vec<(String, u64)> = {
        let workspace = store.manager().vault.workspace(DATABASE).unwrap();
        workspace.tables().iter().map(|table| (table.name().to_string(), table.status().n_records)).collect()
    };
    let records: u64 = tables.iter().map(|(_, n)| n).sum();
    assert_eq!(records, 5, "{tables:?}");
    let n_changes = store.manager().vault.workspace(DATABASE).unwrap().entities().version();
    store.close();
    let documents = std::fs::read_dir(store.path().join("ws").join(DATABASE).join("acts")).unwrap().count();
    assert_eq!(documents as u64, n_changes);
}

#[test]
fn acts_are_written_down_before_and_after() {
    let store = Store::new();
    assert!(!store.answer(".create table T (A:long)").starts_with('!'));
    assert!(store.answer(".rename table T to LAQueryLogs").starts_with('!'));
    assert!(!store.answer(".show tables").starts_with('!'));
    let records = store.activities.0.lock().unwrap();
    let states: Vec<(&str, &str)> = records.iter().map(|of| (of.operation.name(), of.status.names().1)).collect();
    assert_eq!(states, [("Create or Extend Table", "Start"), ("Create or Extend Table", "Success")]);
    assert_eq!(records[0].resource, "workspaces/prod/tables/T");
}

#[test]
fn what_is_not_granted_is_denied() {
    let store = Store::new();
    assert!(!store.answer(".create table T (A:long)").starts_with('!'));
    let is_denied = |text: &str, role: Role| store.answer_to(text, &[role]).contains("the token may not");
    for (text, reader, publisher, contributor) in [
        (".show tables", false, true, false),
        (".show databases", false, false, false),
        (".create table U (A:long)", true, true, false),
        (".ingest inline into table T <| 1", true, false, true),
        (".append T <| print 1", true, true, true),
        (".drop table T", true, true, false),
    ] {
        assert_eq!(is_denied(text, Role::LogAnalyticsReader), reader, "{text}");
        assert_eq!(is_denied(text, Role::MonitoringMetricsPublisher), publisher, "{text}");
        assert_eq!(is_denied(text, Role::LogAnalyticsContributor), contributor, "{text}");
    }
    assert_eq!(
        store.answer_to(".show databases | project DatabaseName", &[Role::Owner]),
        "DatabaseName:string\n[prod]"
    );
    assert!(store.answer_to(".show database other schema", &[Role::Owner]).contains("the token may not"));
    let mut request = store.request(".drop table T ifexists", &[Role::Owner]);
    request.is_readonly = true;
    assert!(store.manager().run(&request).is_err());
}

#[test]
fn a_hold_keeps_records_in_sight() {
    let store = Store::new();
    assert!(!store.answer(".create table T (A:long)").starts_with('!'));
    let hold = lifecycle::Hold {
        name: "case-7".to_string(),
        tables: vec!["T".to_string()],
        from: None,
        to: None,
        reason: "case 7".to_string(),
    };
    let vault = &store.manager().vault;
    vault.govern(DATABASE, lifecycle::Document::Hold(hold), &["a".to_string()]).unwrap();
    for command in [".drop table T", ".clear table T data", ".set-or-replace T <| print 1"] {
        assert!(store.answer(command).contains("the legal hold `case-7` covers"), "{command}");
    }
    assert!(!store.answer(".rename table T to U").starts_with('!'), "a rename hides nothing");
}

#[test]
fn a_store_is_whole_after_changes_and_a_backup_carries_them() {
    let mut store = Store::new();
    for command in [
        ".create table T (A:long)",
        ".append T <| print 1",
        ".alter column T.A type = string",
        ".append T <| print 'x'",
        ".drop table T",
        ".create table T (B:real)",
        ".set-or-replace T <| print 2.5",
        ".create function F() { T }",
    ] {
        let answer = store.answer(command);
        assert!(!answer.starts_with('!'), "{command}: {answer}");
    }
    assert_eq!(store.answer("F()"), "B:real\n[2.5]");
    store.manager().vault.flush().unwrap();
    store.close();
    let report = verify::verify_store(store.path(), &verify::Options::default(), &|_| {}).unwrap();
    assert!(report.is_whole(), "{:?}", report.findings);

    let copies = tempfile::tempdir().unwrap();
    let place = backup::Place::parse(copies.path().to_str().unwrap()).unwrap();
    let options = backup::BackupOptions::default();
    backup::back_up(store.path(), &place, &stdx::FixedClock(common::NOW), &options).unwrap();
    let restored = copies.path().join("restored");
    let (reason, authorities) = ("a test".to_string(), vec!["ticket-17".to_string()]);
    let options = backup::RestoreOptions { reason, authorities, ..backup::RestoreOptions::default() };
    backup::restore(&place, &restored, Arc::new(stdx::FixedClock(common::NOW)), &options).unwrap();
    let restored = Store::at(&restored);
    assert_eq!(restored.answer("F()"), "B:real\n[2.5]");
    assert!(restored.answer(".undo drop table T as Old").contains("Recovered"));
    assert_eq!(restored.answer("Old | order by A asc"), "A:string\n[]\n[x]");
}

#[test]
fn a_change_is_finished_by_the_next_start() {
    let mut store = Store::new();
    assert!(!store.answer(".create table T (A:long)").starts_with('!'));
    store.close();
    // As if the process had ended after the act was sealed.
    std::fs::remove_file(store.path().join("ws").join(DATABASE).join("schema/T@1")).unwrap();
    store.open();
    assert!(!store.answer(".append T <| print 1").starts_with('!'));
    assert_eq!(store.answer("T"), "A:long\n[1]");
}

#[test]
fn rows_say_nothing_of_what_they_are_not_about() {
    let store = Store::new();
    assert!(!store.answer(".create table T (A:long)").starts_with('!'));
    let answer = store.manager().run(&store.request(".show database prod schema", &[Role::Owner])).unwrap();
    let [table] = answer.tables.as_slice() else { panic!("one table") };
    let names: Vec<&dyn arrow::array::Array> =
        table.batches[0].columns().iter().skip(1).take(2).map(|of| &**of).collect();
    // The database, the table, the column.
    let is_null: Vec<[bool; 2]> = (0..3).map(|row| [names[0].is_null(row), names[1].is_null(row)]).collect();
    assert_eq!(is_null, [[true, true], [false, true], [false, false]]);
    assert_eq!(store.answer(".show database prod schema | where isempty(ColumnName) | count"), "Count:long\n[2]");
}
