//! `vidimus tail` of files that are rotated, into a real server, killed at every place where something was just written.

mod common;

use common::{Follower, Server, wait_for};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Child;

fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = File::options().append(true).create(true).open(path).expect("a file");
    file.write_all(text.as_ref()).expect("written");
}

/// Returns lines of syslog with these numbers.
fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|n| format!("<13>May  1 10:00:00 host app: line {n}\n")).collect()
}

fn follower<'a>(server: &'a Server, workspace: &str, folder: &Path, args: &[&str]) -> Follower<'a> {
    let (logs, state) = (folder.join("logs"), folder.join("state"));
    let (logs, state) = (logs.display().to_string(), state.display().to_string());
    let url = &server.running.url;
    let all = ["tail", &logs, "--state", &state, "--server", url, "--workspace", workspace];
    Follower { server, args: all.iter().chain(args).map(|text| text.to_string()).collect() }
}

/// Begins a folder with a workspace of its own.
fn begin(server: &Server, root: &Path, workspace: &str) -> std::path::PathBuf {
    let folder = root.join(workspace);
    fs::create_dir_all(folder.join("logs")).expect("a folder");
    let made = server.call("PUT", &format!("/v1/workspaces/{workspace}"), &[], "{}");
    assert!(matches!(made.status, 200 | 201 | 409), "{}", made.text);
    folder
}

#[test]
fn nothing_is_lost_and_nothing_repeated_when_it_is_killed_at_any_place() {
    let root = tempfile::tempdir().expect("a folder");
    let server = Server::start(&root.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let places = [
        ("pull.state.written", 1),
        ("pull.body", 2),
        ("pull.kept", 1),
        ("pull.kept", 2),
        ("import.chunk", 1),
        ("import.chunk", 2),
        ("pull.delivered", 1),
        ("pull.delivered", 2),
        ("pull.position", 1),
        ("pull.position", 3),
        ("pull.let.go", 1),
    ];
    for (n, (place, visit)) in places.into_iter().enumerate() {
        let workspace = format!("w{n}");
        let folder = begin(&server, root.path(), &workspace);
        let logs = folder.join("logs");
        let tail = follower(&server, &workspace, &folder, &["--once"]);
        append(&logs.join("app.log"), lines(0..3));
        append(&logs.join("own.log"), b"started\n{\"Number\":1}\n\xff\xff\n");
        assert!(tail.kill_at(place, visit), "{place}:{visit} was not reached");
        // Rotated by renaming, and by copying and truncating, before it is started again.
        append(&logs.join("app.log"), lines(3..4));
        fs::rename(logs.join("app.log"), logs.join("app.log.1")).expect("renamed");
        append(&logs.join("app.log"), lines(4..6));
        append(&logs.join("own.log"), "ended\n");
        fs::copy(logs.join("own.log"), logs.join("own.log.1")).expect("copied");
        fs::write(logs.join("own.log"), "again, from the beginning\n").expect("written");
        let (is_done, _, error) = tail.run();
        assert!(is_done, "{place}:{visit}: {error}");
        let counts =
            ["Syslog", "Syslog | distinct SyslogMessage", "own_CL", "own_CL | where Number == 1", "VidimusQuarantine"]
                .map(|query| server.count(&workspace, query));
        assert_eq!(counts, [6, 6, 4, 1, 1], "{place}:{visit}");
        let (is_done, out, _) = tail.run();
        assert!(is_done && out.contains(": 0 taken, 0 quarantined, 4 files"), "{out}");
        assert!(!folder.join("state.body").exists());
    }
}

/// Runs as long as the test, and is killed then.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_written_is_there_soon_and_all_of_it_once_however_often_it_is_killed() {
    let root = tempfile::tempdir().expect("a folder");
    let server = Server::start(&root.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let folder = begin(&server, root.path(), "main");
    let log = folder.join("logs/app.log");
    let tail = follower(&server, "main", &folder, &["--every", "100ms"]);
    for n in 0..4_u32 {
        let mut running = Killed(tail.start());
        append(&log, lines(n * 10..n * 10 + 5));
        wait_for("lines", || (server.count("main", "Syslog") >= i64::from(n * 10 + 5)).then_some(()));
        // It is killed while it writes down what comes.
        append(&log, lines(n * 10 + 5..n * 10 + 10));
        let _ = running.0.kill();
        drop(running);
        fs::rename(&log, log.with_extension(format!("log.{}", 9 - n))).expect("renamed");
    }
    let (is_done, _, error) = follower(&server, "main", &folder, &["--once"]).run();
    assert!(is_done, "{error}");
    let counts = ["Syslog", "Syslog | distinct SyslogMessage"].map(|query| server.count("main", query));
    assert_eq!(counts, [40, 40]);
}

#[test]
fn what_is_wrong_is_told() {
    let root = tempfile::tempdir().expect("a folder");
    let server = Server::start(&root.path().join("data"), &["--heartbeat-every", "1h"]).expect("it starts");
    let folder = begin(&server, root.path(), "main");
    let wrong = |args: &[&str]| {
        let (is_done, _, error) = follower(&server, "main", &folder, args).run();
        assert!(!is_done, "{args:?}");
        error
    };
    assert!(wrong(&["--once", "--source", "sysloq"]).contains("did you mean `syslog`?"));
    assert!(wrong(&["--once", "logs/***"]).contains("`logs/***` is no valid pattern"));
    append(&folder.join("logs/app.log"), "of no format\n");
    assert!(wrong(&["--once", "--ack", "witnessed"]).contains("name their format by --source"));
    // A file that is no text stays where it is, and is told of.
    fs::write(folder.join("logs/binary"), b"\x00\x01\xff").expect("written");
    let (is_done, out, error) = follower(&server, "main", &folder, &["--once"]).run();
    assert!(is_done && out.contains(": 1 taken, 0 quarantined"), "{out} {error}");
    assert!(error.contains("binary` is no text: it is not followed"), "{error}");
}
