//! The commands that end records, against a server: what they do, what they refuse, and that nothing of a value is left.

mod common;

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use common::{Server, vidimus};
use folders::files_with;

/// Runs a command against a server; returns whether it succeeded, and what it printed.
fn run(server: &Server, args: &[&str], input: &str) -> (bool, String) {
    let mut command = vidimus(args);
    command.args(["--server", &server.running.url]).env("VIDIMUS_TOKEN", server.token());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("started");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
}

#[test]
fn records_end_as_ordered_and_no_sooner() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("store"), &[]).expect("it starts");
    let logs = folder.path().join("Events.ndjson");
    let record = |n: usize| {
        let user = if n.is_multiple_of(3) { "ann.secret@contoso.com" } else { "ben@contoso.com" };
        format!("{{\"TimeGenerated\":\"2026-11-0{}T00:00:00Z\",\"User\":\"{user}\",\"N\":{n}}}\n", 1 + n % 9)
    };
    std::fs::write(&logs, (0..30).map(record).collect::<String>()).expect("written");
    let file = logs.to_str().expect("text").to_string();
    let (ok, text) = run(&server, &["import", &file], "");
    assert!(ok && text.contains("30"), "{text}");

    let (ok, text) =
        run(&server, &["hold", "set", "case-7", "--table", "Events", "--from", "2026-11-04", "--reason", "a case"], "");
    assert!(ok && text.contains("sealed as entry"), "{text}");
    let misspelled = ["hold", "set", "case-8", "--table", "Evnets", "--reason", "a case"];
    let (ok, text) = run(&server, &misspelled, "");
    assert!(!ok && text.contains("there is no table `Evnets`"), "a hold that would hold nothing: {text}");
    let (ok, text) = run(&server, &["hold", "list"], "");
    assert!(ok && text.starts_with("case-7: Events from 2026-11-04T00:00:00.0000000Z: a case"), "{text}");
    let erase = ["erase", "Events", "--where", "User=-", "--column", "User", "--reason", "request 81"];
    let (ok, text) = run(&server, &erase, "ann.secret@contoso.com\n");
    assert!(!ok && text.contains("the legal hold `case-7` covers some of the records"), "{text}");
    let purge = ["purge", "Events", "--before", "2027-01-01", "--reason", "the end"];
    let (ok, text) = run(&server, &purge, "");
    assert!(ok && text.contains("0 records destroyed") && text.contains("30 records stay"), "{text}");
    let (ok, text) = run(&server, &["hold", "lift", "case-7", "--reason", " "], "");
    assert!(!ok && text.contains("a reason is needed"), "{text}");
    assert!(run(&server, &["hold", "lift", "case-7", "--reason", "it is over"], "").0);

    assert!(!files_with(&server.data, "ann.secret").is_empty(), "the control: it is there before");
    let (ok, text) = run(&server, &erase, "ann.secret@contoso.com\n");
    assert!(ok && text.contains("erased in 10 records"), "{text}");
    assert_eq!(files_with(&server.data, "ann.secret"), Vec::<PathBuf>::new());
    let query = "Events | summarize Users = countif(isnotempty(User)), All = count()";
    let (ok, text) = run(&server, &["query", query, "--database", "main", "--format", "csv"], "");
    assert!(ok && text.contains("20,30"), "{text}");
    let (ok, text) = run(&server, &["erase", "Events", "--row", "99999:0", "--column", "User", "--reason", "r"], "");
    assert!(!ok && text.contains("no record at position 0 of entry 99999"), "{text}");

    for (args, expected) in [
        (&["retention", "set", "Events", "--days", "90", "--reason", "policy 3"][..], "sealed as entry"),
        (&["retention", "show", "Events"], "kept 90 days"),
        (&["retention", "set", "Events", "--days", "3", "--reason", "r"], "it may be 4 to 730"),
        (&["retention", "set", "Evnts", "--days", "90", "--reason", "r"], "there is no table `Evnts`"),
        (&["purge", "Events", "--before", "soon", "--reason", "r"], "`soon` is no moment"),
        (&purge, "30 records destroyed, 1 files removed"),
        (&["query", "Events | count", "--database", "main", "--format", "csv"], "\n0"),
    ] {
        let (_, text) = run(&server, args, "");
        assert!(text.contains(expected), "{args:?}: {text}");
    }

    server.stop();
    let (is_whole, report, _) = common::run(&["verify", folder.path().join("store").to_str().expect("text")]);
    assert!(is_whole, "{report}");
}
