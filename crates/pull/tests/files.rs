//! Files that grow, and what becomes of them: rotated, copied, truncated, packed, replaced, removed.

mod common;

use common::Taken;
use pull::{Content, Feed, Files, FilesOptions, Next, State};
use schema::ticks::{DAY, MINUTE, SECOND};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use stdx::Clock;

/// A folder of logs, and what is taken of it.
struct Logs {
    folder: tempfile::TempDir,
    taken: Taken,
    options: FilesOptions,
    feed: Option<Files>,
    problems: Vec<String>,
}

impl Logs {
    fn new(paths: &[&str]) -> Logs {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths.iter().map(|path| folder.path().join(path).display().to_string()).collect();
        let options = FilesOptions { paths, quiet: 5 * MINUTE, is_once: true, ..FilesOptions::default() };
        Logs { folder, taken: Taken::new(), options, feed: None, problems: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = File::options().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn gzip(&self, from: &str, to: &str) {
        let text = fs::read(self.path(from)).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&text).unwrap();
        self.write(to, packed.finish().unwrap());
    }

    /// Starts anew: nothing is known but the position.
    fn restart(&mut self) {
        self.feed = None;
    }

    /// Takes what is there so much later; returns the pieces as `name: text`, where what is lost stands in brackets.
    fn round(&mut self, later: i64) -> Vec<String> {
        let before = self.taken.pieces.len();
        let mut feed = self.feed.take().unwrap_or_else(|| Files::new(self.options.clone()).unwrap());
        self.taken.round(&mut feed, stdx::SystemClock.now_ticks() + later).unwrap();
        self.problems = feed.problems();
        self.feed = Some(feed);
        let pieces = self.taken.pieces.split_off(before);
        let shown = |(_, label, content, body): &(String, String, Content, Vec<u8>)| {
            let name = label.rsplit('/').next().unwrap();
            let text = String::from_utf8_lossy(body);
            match content {
                Content::Lost(_) => format!("{name}: <{text}>"),
                Content::Events => {
                    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
                    let events: Vec<String> =
                        events.map(|line| format!("{} {}", line["sourcetype"], line["event"])).collect();
                    format!("{name}: {}", events.join("; "))
                }
                _ => format!("{name}: {text}"),
            }
        };
        let shown = pieces.iter().map(shown).collect();
        self.taken.pieces.extend(pieces);
        shown
    }

    fn known(&self) -> Vec<String> {
        let state = State::open(&self.taken.path(), "files of this machine").unwrap();
        let mut known: Vec<String> =
            state.under("").map(|(key, _)| key.split('/').next().unwrap().to_string()).collect();
        known.sort();
        known
    }
}

/// Returns lines of syslog with these numbers.
fn lines(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().map(|n| format!("<13>May  1 10:00:00 host app: {n}\n")).collect()
}

/// Returns a round's only piece.
fn piece(name: &str, numbers: impl IntoIterator<Item = u32>) -> String {
    format!("{name}: {}", lines(numbers))
}

const NONE: [String; 0] = [];

#[test]
fn files_are_taken_from_where_we_were() {
    let mut logs = Logs::new(&["app.log", "later/*.log"]);
    assert_eq!(logs.round(0), NONE);
    logs.append("app.log", lines([1, 2]));
    logs.append("app.log", "<13>May  1 10:00:00 ho");
    assert_eq!(logs.round(0), [piece("app.log", [1, 2])]);
    assert_eq!(logs.round(MINUTE), NONE);
    logs.restart();
    logs.append("app.log", "st app: 3\n");
    fs::create_dir(logs.path("later")).unwrap();
    logs.append("later/b.log", lines([4]));
    assert_eq!(logs.round(0), [piece("app.log", [3]), piece("b.log", [4])]);
    // What never gets its end is taken as it is, once.
    logs.append("app.log", "<13>May  1 10:00:00 host app: end");
    assert_eq!(logs.round(0), NONE);
    assert_eq!(logs.round(6 * MINUTE), ["app.log: <13>May  1 10:00:00 host app: end"]);
    assert_eq!(logs.round(6 * MINUTE), NONE);
    logs.restart();
    assert_eq!(logs.round(DAY), NONE);
}

#[test]
fn a_log_that_is_renamed_is_read_to_its_end() {
    // Also where its new name is not looked for, and the program is started anew in between.
    for (paths, is_restarted) in [(&["app.log"], false), (&["app.log"], true), (&["*"], false), (&["*"], true)] {
        let mut logs = Logs::new(paths);
        logs.append("app.log", lines([1]));
        assert_eq!(logs.round(0), [piece("app.log", [1])]);
        logs.append("app.log", lines([2]));
        logs.rename("app.log", "app.log.1");
        logs.append("app.log.1", lines([3]));
        logs.append("app.log", lines([4]));
        if is_restarted {
            logs.restart();
        }
        let mut got = logs.round(0);
        got.sort();
        assert_eq!(got, [piece("app.log.1", [2, 3]), piece("app.log", [4])], "{paths:?}");
        // Whoever has it open may still write to it.
        logs.append("app.log.1", lines([5]));
        assert_eq!(logs.round(0), [piece("app.log.1", [5])]);
        logs.rename("app.log.1", "app.log.2");
        logs.rename("app.log", "app.log.1");
        logs.append("app.log", lines([6]));
        assert_eq!(logs.round(0), [piece("app.log", [6])]);
        assert_eq!(logs.round(6 * MINUTE), NONE);
        logs.restart();
        assert_eq!(logs.round(12 * MINUTE), NONE);
    }
}

#[test]
fn a_log_that_is_copied_and_truncated_is_taken_once_and_whole() {
    for (paths, is_restarted) in [(&["app.log"], false), (&["app.log"], true), (&["*"], false), (&["*"], true)] {
        let mut logs = Logs::new(paths);
        logs.append("app.log", lines(1..=3));
        assert_eq!(logs.round(0), [piece("app.log", 1..=3)]);
        // The copy is there before the log is truncated: nothing of it is taken.
        logs.append("app.log", lines([4]));
        fs::copy(logs.path("app.log"), logs.path("app.log.1")).unwrap();
        assert_eq!(logs.round(0), [piece("app.log", [4])]);
        logs.append("app.log", lines([5]));
        fs::copy(logs.path("app.log"), logs.path("app.log.1")).unwrap();
        if is_restarted {
            logs.restart();
        }
        logs.write("app.log", lines([6]));
        let mut got = logs.round(0);
        got.sort();
        assert_eq!(got, [piece("app.log.1", [5]), piece("app.log", [6])], "{paths:?} {is_restarted}");
        logs.append("app.log", lines([7]));
        assert_eq!(logs.round(0), [piece("app.log", [7])]);
        // What is longer than it was by now is something else all the same.
        logs.write("app.log", lines(11..20));
        assert_eq!(logs.round(0), [piece("app.log", 11..20)]);
        logs.write("app.log", "");
        assert_eq!(logs.round(0), NONE);
        logs.append("app.log", lines([11]));
        assert_eq!(logs.round(0), [piece("app.log", [11])]);
        assert_eq!(logs.round(6 * MINUTE), NONE);
    }
}

#[test]
fn packed_copies_of_what_was_taken_are_not_taken_again() {
    let mut logs = Logs::new(&["*"]);
    logs.append("app.log", lines(1..=3));
    assert_eq!(logs.round(0), [piece("app.log", 1..=3)]);
    logs.rename("app.log", "app.log.1");
    logs.append("app.log.1", lines([4]));
    // Packed before its last line was seen.
    logs.gzip("app.log.1", "app.log.1.gz");
    fs::remove_file(logs.path("app.log.1")).unwrap();
    logs.feed = None;
    assert_eq!(logs.round(MINUTE), [piece("app.log.1.gz", [4])]);
    assert_eq!(logs.round(MINUTE), NONE);
    logs.rename("app.log.1.gz", "app.log.2.gz");
    logs.append("app.log", lines([5]));
    assert_eq!(logs.round(0), [piece("app.log", [5])]);
    // Packed while the log is still there, which goes then.
    logs.gzip("app.log", "app.log.1.gz");
    assert_eq!(logs.round(MINUTE), NONE);
    fs::remove_file(logs.path("app.log")).unwrap();
    assert_eq!(logs.round(6 * MINUTE), NONE);
    logs.restart();
    assert_eq!(logs.round(6 * MINUTE), NONE);
    // One that nobody saw before is taken; what is being packed is waited for.
    logs.write("old", lines([8, 9]));
    logs.gzip("old", "other.gz");
    fs::remove_file(logs.path("old")).unwrap();
    let whole = fs::read(logs.path("other.gz")).unwrap();
    logs.write("other.gz", &whole[..whole.len() - 9]);
    assert_eq!(logs.round(0), NONE);
    let got = logs.round(10 * SECOND);
    assert!(got.iter().all(|piece| piece.starts_with("other.gz: <13>")), "{got:?}");
    logs.write("other.gz", &whole);
    let all = [got, logs.round(10 * SECOND)].concat();
    let text: String = all.iter().map(|piece| piece.replace("other.gz: ", "")).collect();
    assert_eq!(text, lines([8, 9]));
    logs.write("broken.gz", &whole[..whole.len() - 9]);
    let got = logs.round(6 * MINUTE);
    assert_eq!(got.last().map(String::as_str), Some("broken.gz: <>"), "{got:?}");
    assert_eq!(logs.round(6 * MINUTE), NONE);
    assert_eq!(logs.round(8 * DAY), NONE);
    logs.restart();
    assert!(!logs.known().contains(&"gone".to_string()));
}

#[test]
fn what_is_removed_while_it_is_open_is_read_and_what_comes_in_its_place_too() {
    let mut logs = Logs::new(&["app.log", "other.log"]);
    logs.append("app.log", lines([1]));
    assert_eq!(logs.round(0), [piece("app.log", [1])]);
    logs.append("app.log", lines([2]));
    fs::remove_file(logs.path("app.log")).unwrap();
    logs.append("app.log", lines([3]));
    let mut got = logs.round(0);
    got.sort();
    assert_eq!(got, [piece("app.log", [2]), piece("app.log", [3])]);
    assert_eq!(logs.round(6 * MINUTE), NONE);
    // The same again is something else: it was removed in between.
    fs::remove_file(logs.path("app.log")).unwrap();
    assert_eq!(logs.round(12 * MINUTE), NONE);
    assert_eq!(logs.known(), ["gone", "gone"]);
    logs.append("app.log", lines([9]));
    assert_eq!(logs.round(0), [piece("app.log", [9])]);
    // A log of another name is never taken for a copy.
    logs.append("other.log", lines([9]));
    assert_eq!(logs.round(0), [piece("other.log", [9])]);
}

#[test]
fn what_becomes_something_else_within_a_round_is_seen_by_the_next() {
    let mut logs = Logs::new(&["*"]);
    for n in 0..2 {
        logs.append("a.log", lines([n]));
        logs.append("b.log", lines([n, n, n]));
        let mut state = State::open(&logs.taken.path(), "files of this machine").unwrap();
        let mut feed = Files::new(logs.options.clone()).unwrap();
        feed.begin(&state, stdx::SystemClock.now_ticks()).unwrap();
        let Ok(Next::Piece(piece)) = feed.next(&state) else { panic!("no piece") };
        assert!(piece.label.ends_with("/a.log"), "{}", piece.label);
        state.apply(&piece.after).unwrap();
        logs.write("b.log", lines(20 + 20 * n..39 + 20 * n));
        loop {
            match feed.next(&state).unwrap() {
                Next::Piece(piece) => panic!("{}", piece.label),
                Next::Moved(change) => state.apply(&change).unwrap(),
                Next::Nothing => break,
            }
        }
        drop(state);
        assert_eq!(logs.round(0), [self::piece("b.log", 20 + 20 * n..39 + 20 * n)]);
    }
}

#[test]
fn logs_that_begin_alike_are_two() {
    let mut logs = Logs::new(&["*"]);
    let header = "#Software: IIS\n#Fields: date time c-ip\n";
    logs.append("u_ex.log", format!("{header}2026-05-01 10:00:00 192.0.2.1\n"));
    logs.append("u_ex.log.2", format!("{header}2026-05-01 10:00:02 192.0.2.2\n"));
    assert_eq!(logs.round(0).len(), 2);
    logs.append("u_ex.log", "2026-05-01 10:00:03 192.0.2.3\n");
    logs.append("u_ex.log.2", "2026-05-01 10:00:04 192.0.2.4\n");
    // The header goes with what comes later.
    logs.restart();
    let mut got = logs.round(0);
    got.sort();
    let expected = [
        "u_ex.log.2: #Fields: date time c-ip\n2026-05-01 10:00:04 192.0.2.4\n",
        "u_ex.log: #Fields: date time c-ip\n2026-05-01 10:00:03 192.0.2.3\n",
    ];
    assert_eq!(got, expected);
}

#[test]
fn records_over_several_lines_are_waited_for() {
    let mut logs = Logs::new(&["*.log"]);
    let first = "2026-05-01 10:00:00.000 UTC [1] ERROR:  no\n";
    logs.append("db.log", first);
    assert_eq!(logs.round(0), NONE);
    logs.append("db.log", "\tline 2\n");
    assert_eq!(logs.round(SECOND), NONE);
    assert_eq!(logs.round(10 * SECOND), [format!("db.log: {first}\tline 2\n")]);
    logs.append("db.log", format!("{first}\tline 2\n{first}"));
    assert_eq!(logs.round(0), [format!("db.log: {first}\tline 2\n")]);
}

#[test]
fn long_files_are_taken_in_parts_and_a_line_without_end_too() {
    let mut logs = Logs::new(&["*"]);
    let line = format!("<13>May  1 10:00:00 host app: {}\n", "x".repeat(1 << 20));
    logs.append("long.log", line.repeat(20));
    let got: String = logs.round(0).iter().map(|piece| piece.replace("long.log: ", "")).collect();
    assert!(got == line.repeat(20), "{} bytes", got.len());
    logs.append("long.log", format!("<13>{}", "y".repeat(20 << 20)));
    assert_eq!(logs.round(0).len(), 2);
    logs.append("long.log", format!("yyy\n{}", lines([1])));
    let got = logs.round(0);
    assert_eq!(got.last(), Some(&piece("long.log", [1])));
    assert!(
        got[..got.len() - 1]
            .iter()
            .all(|piece| piece.starts_with("long.log: <y") && piece.ends_with("y>") || piece.ends_with("yyy\n>")),
        "{}",
        got.len()
    );
    // In rounds that do not end with it, a file gives so much, and the others are looked at.
    logs.options.is_once = false;
    logs.restart();
    let line = format!("<13>May  1 10:00:00 host app: {}\n", "x".repeat(5 << 20));
    logs.append("big.log", line.repeat(17));
    assert_eq!([logs.round(0).len(), logs.round(0).len()], [16, 1]);
}

#[test]
fn what_is_of_no_known_format_is_for_a_table_of_its_name() {
    let mut logs = Logs::new(&["*"]);
    logs.append("my-app.log", "started\n{\"level\":\"info\"}\n");
    logs.append("web.json", "{\"n\":1}\n{\"n\"");
    let mut got = logs.round(0);
    got.sort();
    assert_eq!(got, [r#"my-app.log: "my-app" "started"; "my-app" {"level":"info"}"#, r#"web.json: "web" {"n":1}"#]);
    logs.rename("my-app.log", "my-app.log.1");
    logs.append("my-app.log.1", "ended\n");
    logs.append("web.json", ":2}");
    let mut got = logs.round(0);
    got.sort();
    assert_eq!(got, [r#"my-app.log.1: "my-app" "ended""#, r#"web.json: "web" {"n":2}"#]);
    logs.options.table = Some("Mine".to_string());
    logs.restart();
    logs.append("my-app.log", "again\n");
    assert_eq!(logs.round(0), [r#"my-app.log: "Mine" "again""#]);
    logs.options.source = Some("cef".to_string());
    logs.restart();
    logs.append("forced.log", "no cef\n");
    assert_eq!(logs.round(0), ["forced.log: no cef\n"]);
}

#[test]
fn what_cannot_be_read_is_told_once_and_read_when_it_can() {
    let mut logs = Logs::new(&["*", "loop/app.log"]);
    logs.write("binary", b"\x00\x01\x02\xff".repeat(100));
    logs.write("a.xz", b"\xFD7zXZ\0...");
    #[cfg(unix)]
    std::os::unix::fs::symlink("loop", logs.path("loop")).unwrap();
    assert_eq!(logs.round(0), NONE);
    let told = logs.problems.join("\n");
    for what in
        ["binary` is no text: it is not followed", "a.xz` is packed by xz: it is not followed", "loop/app.log`: "]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(logs.round(0), NONE);
    assert_eq!(logs.problems, NONE);
    let _ = fs::remove_file(logs.path("loop"));
    fs::create_dir(logs.path("loop")).unwrap();
    logs.append("loop/app.log", lines([1]));
    assert_eq!(logs.round(0), [piece("app.log", [1])]);
    // Whom files keep out, unless it is somebody whom nothing keeps out.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let allow = |mode| fs::set_permissions(logs.path("loop/app.log"), fs::Permissions::from_mode(mode)).unwrap();
        logs.append("loop/app.log", lines([2]));
        allow(0o000);
        if File::open(logs.path("loop/app.log")).is_err() {
            logs.restart();
            assert_eq!(logs.round(0), NONE);
            assert!(logs.problems.concat().contains("cannot read `"), "{:?}", logs.problems);
        }
        fs::set_permissions(logs.path("loop/app.log"), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(logs.round(0), [piece("app.log", [2])]);
    }
    // A file that was truncated under a writer that goes on where it was.
    logs.write("hole.log", [vec![0; 100_000], lines([7]).into_bytes()].concat());
    assert_eq!(logs.round(0), [piece("hole.log", [7])]);
}

#[test]
fn the_position_is_no_log_and_what_is_left_out_stays_out() {
    let mut logs = Logs::new(&["."]);
    logs.options.exclude = vec!["*.tmp".to_string()];
    logs.options.since = Some(stdx::SystemClock.now_ticks() - DAY);
    logs.options.paths.push(logs.taken.path().parent().unwrap().display().to_string());
    logs.append("a.tmp", lines([1]));
    logs.append("old.log", lines([2]));
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    File::options().append(true).open(logs.path("old.log")).unwrap().set_modified(old).unwrap();
    logs.append("new.log", lines([3]));
    assert_eq!(logs.round(0), [piece("new.log", [3])]);
    assert_eq!(logs.round(0), NONE);
    logs.append("old.log", lines([4]));
    assert_eq!(logs.round(0), [piece("old.log", [2, 4])]);
}

#[test]
fn what_was_not_acknowledged_is_delivered_again_although_it_was_rotated_since() {
    let mut logs = Logs::new(&["*"]);
    logs.append("app.log", lines([1]));
    logs.taken.failures = 1;
    let mut feed = Files::new(logs.options.clone()).unwrap();
    assert!(logs.taken.round(&mut feed, stdx::SystemClock.now_ticks()).is_err());
    logs.append("app.log", lines([2]));
    fs::copy(logs.path("app.log"), logs.path("app.log.1")).unwrap();
    logs.write("app.log", lines([3]));
    let mut got = logs.round(0);
    got.sort();
    // The first piece comes again under its own name, and is counted once.
    assert_eq!(got, [piece("app.log.1", [2]), piece("app.log", [3])]);
}
