//! The shell over a pipe: statements in, results and messages out.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the shell over a table `Logins` of three rows.
fn shell(input: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("Logins.json");
    let rows = "{\"User\":\"ann\",\"Tries\":1}\n{\"User\":\"bob\",\"Tries\":2}\n{\"User\":\"ann\",\"Tries\":4}\n";
    std::fs::write(&path, rows).expect("the rows are written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_vidimus"))
        .arg("shell")
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("the shell reads");
    drop(stdin);
    child.wait_with_output().expect("the shell ends")
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text").replace("\r\n", "\n");
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn queries_and_commands_run_in_order() {
    let output = shell(".tables\n.format csv\nLogins\n| where Tries > 1\n| project User\n\nLogins | count\n");
    let (out, err) = texts(&output);
    assert_eq!(out, "Logins\nUser\nbob\nann\nCount\n3\n", "{err}");
    let timings: Vec<&str> = err.lines().filter_map(|line| line.split_once(" in ")).map(|(rows, _)| rows).collect();
    assert_eq!(timings, ["2 rows", "1 row"], "{err}");
    assert!(output.status.success());
}

#[test]
fn let_statements_are_kept_until_cleared() {
    let output = shell(
        ".format csv\n.timing off\nlet most = 1;\n\nlet busy = Logins | where Tries > most;\n\nbusy | count\n\n\
         let most = 3;\n\nbusy | count\n\n.lets\n.clear\nbusy | count\n",
    );
    let (out, err) = texts(&output);
    assert_eq!(out, "Count\n2\nCount\n1\nlet most = 3;\nlet busy = Logins | where Tries > most;\n");
    assert!(err.contains("busy") && !err.contains("rows in"), "{err}");
    assert!(!output.status.success(), "the last query has no `busy`");
}

#[test]
fn a_wrong_input_does_not_end_the_shell() {
    let output = shell(
        ".format csv\n.tabels\n.format parquet\nlet x = nothing();\n\nlet y = 1;\n\nLogins | wher 1\n\nprint y\n",
    );
    let (out, err) = texts(&output);
    assert_eq!(out, "print_0\n1\n", "{err}");
    for expected in ["did you mean `.tables`?", "not text", "nothing", "wher"] {
        assert!(err.contains(expected), "no `{expected}` in {err}");
    }
    assert!(err.contains("1 | Logins | wher 1"), "kept statements do not shift the lines: {err}");
    assert!(!output.status.success());
}

#[test]
fn quit_leaves_and_blank_lines_in_long_strings_do_not_split() {
    let (out, err) = texts(&shell(".format csv\nprint strlen(```a\n\nb```)\n\n.quit\nprint 2\n"));
    assert_eq!(out, "print_0\n4\n", "{err}");
}
