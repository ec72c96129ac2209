//! The program over the golden bundles of `tlog`: exit codes and what is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tlog/tests/golden")
}

fn run(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vidimus-verify")).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_is_right_is_proved() {
    let policy = golden().join("policy/policy");
    for bundle in ["one-row", "hidden-columns", "result-set", "range", "whole-table", "growth"] {
        let output = run(&[&golden().join(bundle), Path::new("--policy"), &policy]);
        assert_eq!(output.status.code(), Some(0), "{bundle}: {}", text(&output.stderr));
        let report = text(&output.stdout);
        assert!(report.starts_with("proved:\n  the log vault.example/contoso signed a checkpoint of size 9\n"));
        assert!(report.contains("\nnot proved:\n"));
    }
}

#[test]
fn rows_are_printed_as_json() {
    let output = run(&[
        &golden().join("hidden-columns"),
        Path::new("--policy"),
        &golden().join("policy/policy"),
        Path::new("--rows"),
    ]);
    let rows = text(&output.stdout);
    assert_eq!(rows.lines().count(), 3);
    assert!(rows.lines().all(|row| row.starts_with("{\"_table\":\"SigninLogs\"") && row.ends_with("]}")));
}

#[test]
fn a_kept_checkpoint_has_to_be_part_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = golden().join("policy/policy");
    let kept = std::fs::read_to_string(golden().join("growth/consistency-7")).expect("a file");
    let (_, kept) = kept.split_once("\n\n").expect("a checkpoint");
    let pinned = folder.path().join("pinned");
    let verify = |bundle: &str| {
        run(&[&golden().join(bundle), Path::new("--policy"), &policy, Path::new("--pinned"), &pinned]).status.code()
    };
    std::fs::write(&pinned, kept).expect("a file");
    assert_eq!(verify("growth"), Some(0));
    assert_eq!(verify("one-row"), Some(1));
    // A receipt holds a checkpoint, too.
    std::fs::write(&pinned, format!("vidimus.receipt.v1\nentry 6\nfirst 0\ncount 1\n\n{kept}")).expect("a file");
    assert_eq!(verify("growth"), Some(0));
    std::fs::write(&pinned, format!("vidimus.receipt.v1\nentry 7\nfirst 0\ncount 1\n\n{kept}")).expect("a file");
    assert_eq!(verify("growth"), Some(2));
    std::fs::write(&pinned, kept.replace("\n7\n", "\n6\n")).expect("a file");
    assert_eq!(verify("growth"), Some(2));
}

#[test]
fn what_is_wrong_and_what_cannot_be_asked_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = golden().join("policy/policy");
    for file in std::fs::read_dir(golden().join("one-row")).expect("a folder") {
        let path = file.expect("an entry").path();
        std::fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    let records = folder.path().join("batch-1.records");
    let changed = std::fs::read_to_string(&records).expect("a file").replace("user2@", "user9@");
    std::fs::write(&records, changed).expect("a file");
    let output = run(&[folder.path(), Path::new("--policy"), &policy]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("refused: `batch-1.records`: the proof leads to the root"));
    assert!(output.stdout.is_empty());
    for arguments in [
        &[Path::new("nowhere"), Path::new("--policy"), &policy][..],
        &[folder.path(), Path::new("--policy"), Path::new("nowhere")],
        &[folder.path(), Path::new("--policy"), &records],
        &[folder.path()],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
