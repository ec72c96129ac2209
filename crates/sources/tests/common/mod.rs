//! Running a source over bytes, and the fixtures.
#![allow(dead_code, reason = "each test file uses its own part")]

use sources::{Context, Counts, Output, Reject, Source, TableBatch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What came out of a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Got {
    pub counts: Counts,
    pub tables: BTreeMap<String, TableBatch>,
    pub rejects: Vec<Reject>,
}

/// The present of all tests.
pub fn now() -> i64 {
    schema::ticks::parse_datetime("2026-03-01T12:00:00Z").expect("a time")
}

/// Runs a source over bytes that come in pieces which end at these places.
pub fn run(source: &Source, path: &str, bytes: &[u8], ends: &[usize]) -> Got {
    let mut parser = (source.parser)(&Context { path: path.to_string(), now: now() });
    let mut out = Output::default();
    let mut got = Got::default();
    let mut at = 0;
    for end in ends.iter().copied().chain([bytes.len()]) {
        let end = end.clamp(at, bytes.len());
        parser.push(&bytes[at..end], &mut out);
        at = end;
        while drain(&mut out, &mut got) {
            parser.push(&[], &mut out);
        }
    }
    parser.finish(&mut out);
    drain(&mut out, &mut got);
    got.counts = out.counts;
    got
}

/// Takes what there is; returns whether there may be more.
fn drain(out: &mut Output, got: &mut Got) -> bool {
    let was_full = out.is_full();
    for (table, batch) in out.take_tables() {
        got.tables.entry(table).or_default().add(batch);
    }
    got.rejects.extend(out.take_rejects());
    was_full
}

/// A fixture: the source that it is of, its file's path, and what is in it.
pub struct Fixture {
    pub source: String,
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// Returns every fixture: `fixtures/<source>/<any name>` without the files of what has to come out.
pub fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for folder in list(&root) {
        for path in list(&folder) {
            if path.extension().is_some_and(|extension| extension == "golden") {
                continue;
            }
            let source = folder.file_name().expect("a name").to_string_lossy().into_owned();
            found.push(Fixture { source, bytes: std::fs::read(&path).expect("a file"), path });
        }
    }
    found
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
