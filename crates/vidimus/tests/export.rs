//! `vidimus export` from a real server.

mod common;

use common::{Server, run};
use std::path::Path;

const COLUMNS: &str = r#"{"columns":[{"name":"N","type":"long"},{"name":"Text","type":"string"},{"name":"R","type":"real"},
    {"name":"B","type":"bool"},{"name":"D","type":"dynamic"},{"name":"G","type":"guid"},{"name":"T","type":"timespan"},
    {"name":"C","type":"decimal"},{"name":"I","type":"int"}]}"#;
const RECORDS: &str = r#"
{"TimeGenerated":"2026-05-01T00:00:00Z","N":1,"Text":"first, \"quoted\"","R":1.5,"B":true,"D":{"a":[1, 2.50],"b":"\u00fc"},"G":"6f3c1072-2739-461c-8aa7-3cfc8ff528a8","T":"1.02:03:04","C":"1.25","I":7}
{"TimeGenerated":"2026-05-02T00:00:00.1234567Z","N":2,"Text":"secret-word","R":-0.1,"D":null,"Else":"kept"}
{"TimeGenerated":"2026-05-03T00:00:00Z","N":3,"R":1e300,"D":"text"}
{"TimeGenerated":"2026-06-01T00:00:00Z","N":4,"Text":"June"}"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Starts a server with records in a file and in memory.
fn filled(folder: &Path) -> Server {
    let server = Server::start(&folder.join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let made = server.call("PUT", "/v1/workspaces/main/tables/Events", &[], COLUMNS);
    assert_eq!(made.status, 200, "{}", made.text);
    let taken = server.post("main", &[], RECORDS);
    assert_eq!((taken.status, taken.json()["taken"].as_u64()), (200, Some(4)), "{}", taken.text);
    let more = server.post("main", &[], r#"{"TimeGenerated":"2026-05-04T00:00:00Z","N":5,"Text":"another batch"}"#);
    assert_eq!(more.status, 200);
    server
}

/// Returns the names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn rows_are_exported_with_evidence_about_exactly_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = filled(folder.path());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    let (rows, proof) = (out.join("may.ndjson"), out.join("may.ndjson.proof"));
    let may = ["--table", "Events", "--from", "2026-05-01", "--to", "2026-06-01", "--with-proof", "-o", text(&rows)];
    let (is_done, said, error) = server.run("export", &may);
    assert!(is_done, "{error}");
    let bytes = std::fs::metadata(&rows).expect("a file").len();
    assert!(said.starts_with(&format!("{}: 4 rows, {bytes} bytes; ", text(&rows))), "{said}");
    assert!(said.contains("proves them under the checkpoint of "), "{said}");
    let written = std::fs::read_to_string(&rows).expect("rows");
    assert_eq!(written.lines().count(), 4);
    let second: serde_json::Value = serde_json::from_str(written.lines().nth(1).expect("a row")).expect("JSON");
    assert_eq!((&second["Text"], &second["_LogPosition"]), (&"secret-word".into(), &1.into()), "{second}");
    // Whoever trusts the key finds the same records proved, and no others.
    let policy = out.join("policy");
    let lines = said.lines().filter(|line| line.starts_with("log ") || line.starts_with("quorum "));
    std::fs::write(&policy, lines.map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    let (is_valid, report, error) = run(&["verify", text(&proof), "--policy", text(&policy)]);
    assert!(is_valid && report.contains("4 records"), "{report}{error}");
    assert_eq!(names(&out), ["may.ndjson", "may.ndjson.proof", "policy"]);

    // Nothing is replaced, neither the rows nor the evidence.
    let (is_done, _, error) = server.run("export", &may);
    assert!(!is_done && error.contains("may.ndjson is there already"), "{error}");
    std::fs::remove_file(&rows).expect("removed");
    let (is_done, _, error) = server.run("export", &may);
    assert!(!is_done && error.contains("may.ndjson.proof is there already"), "{error}");
    assert_eq!(names(&out), ["may.ndjson.proof", "policy"]);

    // What rows do not show, the evidence does not either.
    let few = out.join("few.csv");
    let query = "Events | where N between (2 .. 3) | project N, R, _LogEntry, _LogPosition | order by N desc;\n";
    let (is_done, said, error) = server.run("export", &[query, "--with-proof", "-o", text(&few)]);
    assert!(is_done && said.contains(": 2 rows, "), "{said}{error}");
    let written = std::fs::read_to_string(&few).expect("rows");
    assert!(
        written.starts_with("N,R,_LogEntry,_LogPosition")
            && written.lines().nth(1).is_some_and(|l| l.starts_with("3,"))
    );
    for name in names(&out.join("few.csv.proof")) {
        let bytes = std::fs::read(out.join("few.csv.proof").join(&name)).expect("a file");
        assert!(!bytes.windows(11).any(|part| part == b"secret-word"), "{name}");
    }
    let (is_valid, report, error) = run(&["verify", text(&out.join("few.csv.proof")), "--policy", text(&policy)]);
    assert!(is_valid, "{report}{error}");
    let parquet = out.join("t.parquet");
    let query = "Events | where N != 2";
    let (is_done, _, error) = server.run("export", &[query, "--with-proof", "-o", text(&parquet)]);
    assert!(is_done && out.join("t.parquet.proof/claim").is_file(), "{error}");
    server.stop();
}

#[test]
fn rows_that_are_no_records_are_not_proved() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = filled(folder.path());
    let out = folder.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    let rows = out.join("rows.ndjson");
    let cases = [
        ("Events | summarize count() by Text", "no proof of these can be given"),
        ("Events | count", "no proof of these can be given"),
        ("Events | project N", "no proof of these can be given"),
        ("print N = 1", "no proof of these can be given"),
        ("Events | extend Twice = N * 2", "`Twice` is no column of the table `Events`"),
        ("Events | extend N = N + 1", "a row is not the record at its place"),
        ("Events | extend Text = iff(N == 4, 'July', Text)", "a row is not the record at its place"),
        ("Events | extend _LogPosition = 0", "is there twice"),
        ("union Events, Events", "is there twice"),
        ("Events | extend N = tostring(N)", "`N` is no column of the table `Events`"),
        ("Events | where N > 100", "nothing to prove"),
        ("union Events, (datatable(N:long)[9])", "not a record of a table"),
    ];
    for (query, expected) in cases {
        let args = [query, "--table", "Events", "--with-proof", "-o", text(&rows)];
        let (is_done, said, error) = server.run("export", &args);
        assert!(!is_done && error.contains(expected), "{query}: {said}{error}");
        assert_eq!(names(&out), [""; 0], "{query}");
    }
    let (is_done, _, error) = server.run("export", &["Events | where Nn > 1", "--with-proof", "-o", text(&rows)]);
    assert!(!is_done && error.contains("^^") && error.contains("`Nn`"), "{error}");
    let (is_done, _, error) = server.run("export", &["print 1", "--with-proof", "-o", text(&rows)]);
    assert!(!is_done && error.contains("--table"), "{error}");
    let (is_done, _, error) = server.run("export", &["Events", "-o", text(&out.join("rows"))]);
    assert!(!is_done && error.contains("--format"), "{error}");
    let (is_done, _, error) = server.run("export", &["print 1; print 2", "-o", text(&rows)]);
    assert!(!is_done && error.contains("several results"), "{error}");
    assert_eq!(names(&out), [""; 0]);

    // Without evidence, any result is exported.
    let (is_done, said, error) = server.run("export", &["Events | summarize Rows = count()", "-o", text(&rows)]);
    assert!(is_done, "{error}");
    assert_eq!(said, format!("{}: 1 rows, 11 bytes\n", text(&rows)));
    assert_eq!(std::fs::read_to_string(&rows).expect("rows"), "{\"Rows\":5}\n");
    let whole = out.join("whole.csv");
    let (is_done, said, error) = server.run("export", &["--table", "Events", "-o", text(&whole)]);
    assert!(is_done && said.contains(": 5 rows, "), "{said}{error}");
    assert!(!std::fs::read_to_string(&whole).expect("rows").contains("_LogEntry"));
    server.stop();
}
