//! Each source over files of its own: it is recognised, and what comes out is what the file beside says. `UPDATE=1` writes that file.

mod common;

use common::{Got, fixtures, run};
use sources::{ALL, Sniff, detect};
use std::fmt::Write;

fn text(source: &str, got: &Got) -> String {
    let counts = got.counts;
    let mut text = format!("source {source}\nread {} taken {} rejected {}", counts.read, counts.taken, counts.rejected);
    if counts.derived > 0 {
        write!(text, " derived {}", counts.derived).expect("text");
    }
    text.push('\n');
    for (table, batch) in &got.tables {
        writeln!(text, "\n{table}").expect("text");
        for column in &batch.columns {
            writeln!(text, "+ {}: {}", column.name, column.ktype.name()).expect("text");
        }
        text.push_str(&batch.body);
    }
    if !got.rejects.is_empty() {
        text.push_str("\nrejected\n");
    }
    for reject in &got.rejects {
        let raw = String::from_utf8_lossy(&reject.raw);
        let shown: String = raw.chars().take(80).collect();
        writeln!(text, "{} {}: {}: {shown:?}", reject.position, reject.reason.name(), reject.detail).expect("text");
    }
    text
}

#[test]
fn every_source_takes_its_fixtures() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let path = fixture.path.to_string_lossy().into_owned();
        let name = path.rsplit("fixtures/").next().unwrap_or(&path);
        let file = name.split_once('/').map_or(name, |(_, file)| file);
        let found = detect(&Sniff::new(file, &fixture.bytes)).map(|source| source.name);
        assert_eq!(found, Some(fixture.source.as_str()), "the source of {name}");
        let source = sources::find(&fixture.source).expect("a source");
        let got = text(&fixture.source, &run(source, file, &fixture.bytes, &[]));
        let golden = fixture
            .path
            .with_file_name(format!("{}.golden", fixture.path.file_name().expect("a name").to_string_lossy()));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&golden, &got).expect("written");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(format!("{name} gives:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_source_has_a_fixture_and_a_name_of_its_own() {
    let of: Vec<String> = fixtures().into_iter().map(|fixture| fixture.source).collect();
    for source in ALL {
        assert!(of.iter().any(|name| name == source.name), "no fixture of {}", source.name);
        assert_eq!(ALL.iter().filter(|other| other.name == source.name).count(), 1, "{}", source.name);
        assert!(!source.tables.is_empty() && !source.about.is_empty(), "{}", source.name);
        for table in source.tables.iter().filter(|table| !table.contains('*')) {
            assert!(schema::tables::builtin(table).is_some(), "{} names the table {table}", source.name);
        }
    }
}

#[test]
fn what_is_no_log_is_not_recognised() {
    for (name, bytes) in [
        ("notes.txt", &b"Dear all,\nthe meeting is at ten.\n"[..]),
        ("data.csv", b"name,age\nAda,36\n"),
        ("data.json", b"{\"name\":\"Ada\",\"age\":36}\n"),
        ("binary", b"\x00\x01\x02\xff\xfe"),
        ("empty", b""),
    ] {
        assert_eq!(detect(&Sniff::new(name, bytes)).map(|source| source.name), None, "{name}");
    }
}
