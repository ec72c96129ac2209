//! What somebody does to a store on purpose, or a disk by itself: each is found, and the file is named.

mod common;

use std::fs;
use std::path::Path;

use common::{Sample, check, open, take, texts};
use folders::copy;
use tlog::entry::{Entry, Heartbeat};
use tlog::note::SignedNote;
use tlog::tile::{entry_bundle, parse_entry_bundle};
use tlog::{Checkpoint, Hash, Policy};
use verify::{Depth, Options, Report, verify_store};

fn names(report: &Report, path: &str) -> bool {
    report.findings.iter().any(|finding| finding.path == path)
}

#[test]
fn a_missing_file_is_named() {
    let sample = Sample::new();
    let width = |path: &str| path.split_once("/000.p/").and_then(|(_, width)| width.parse::<u64>().ok());
    let widest = sample.files.iter().filter_map(|(path, _)| width(path)).max();
    for (path, _) in &sample.files {
        // Narrower files than the log's end are kept for readers of before; a spare can be made again; the lock is nothing.
        let is_needed = (width(path).is_some() && width(path) == widest)
            || !(path.contains(".p/") || path.ends_with(".free") || path.ends_with("lock"));
        let report = sample.changed(|root| fs::remove_file(root.join(path)).expect("removed"));
        // A folder's last file is missed by what should be in it.
        let folder = ["keys/", "wal/"].into_iter().find(|folder| path.starts_with(folder)).unwrap_or(path);
        let named = report.findings.iter().any(|finding| finding.path.starts_with(folder.trim_end_matches('/')));
        assert_eq!(named, is_needed, "{path}:\n{}", texts(&report));
    }
}

#[test]
fn a_cut_or_longer_file_is_named() {
    let sample = Sample::new();
    for (path, bytes) in sample.files.iter().filter(|(path, _)| !path.ends_with("lock")) {
        for len in [0, 1, bytes.len() / 2, bytes.len() - 1, bytes.len() + 1] {
            let mut other = bytes.clone();
            other.resize(len, b'x');
            let report = sample.changed(|root| fs::write(root.join(path), &other).expect("written"));
            // Nothing was in the blocks of a spare, nor behind the frames.
            let is_blank = bytes.get(len..).is_some_and(|cut| cut.iter().all(|byte| *byte == 0));
            let is_nothing = len % 4096 == 0 && (path.ends_with(".free") || path.starts_with("wal/") && is_blank);
            assert!(names(&report, path) || is_nothing, "{path} of {len} bytes:\n{}", texts(&report));
        }
    }
}

#[test]
fn swapped_and_copied_files_are_named() {
    let sample = Sample::new();
    let (events, others) = (sample.with("data/Events"), sample.with("data/Other"));
    for (a, b) in [(events[0], others[0]), (events[0], events[1])] {
        let report = sample.changed(|root| {
            fs::write(root.join(a), sample.bytes(b)).expect("written");
            fs::write(root.join(b), sample.bytes(a)).expect("written");
        });
        assert!(names(&report, a) && names(&report, b), "{}", texts(&report));
    }
    let seeds = sample.with("seeds/Events");
    let report = sample.changed(|root| {
        fs::write(root.join(seeds[0]), sample.bytes(seeds[1])).expect("written");
    });
    assert!(names(&report, seeds[0]), "{}", texts(&report));
    let copied = events[0].replace(".parquet", "2.parquet");
    let report = sample.changed(|root| fs::write(root.join(&copied), sample.bytes(events[0])).expect("written"));
    assert!(names(&report, &copied), "{}", texts(&report));
    assert_eq!(report.findings.len(), 1);
    for path in ["ws/contoso/log/tile/0/001", "ws/contoso/log/tile/entries/000", "ws/contoso/log/note", "wal/9.wal"] {
        let report = sample.changed(|root| fs::write(root.join(path), b"x").expect("written"));
        assert!(names(&report, path), "{path}: {}", texts(&report));
    }
}

/// Seeds of another batch, with a checksum that is right: only the records themselves tell.
#[test]
fn other_seeds_are_found_by_the_records() {
    let sample = Sample::new();
    let path = sample.with("seeds/Other")[0];
    let mut bytes = sample.bytes(path).to_vec();
    let content = bytes.len() - 32;
    // The number of erased records is behind the last seed.
    bytes[content - 9] ^= 1;
    let hash = Hash::of(&bytes[..content]);
    bytes[content..].copy_from_slice(&hash.0);
    let write = |root: &Path| fs::write(root.join(path), &bytes).expect("written");
    let report = sample.changed(write);
    let data = sample.with("data/Other")[0];
    assert!(texts(&report).contains(&format!("{data}: the records of entry ")), "{}", texts(&report));
    write(sample.path());
    let options = Options { depth: Depth::Files, ..Options::default() };
    let report = verify_store(sample.path(), &options, &|_| {}).expect("a store");
    assert!(report.is_whole() && !report.is_deep, "the bytes of files do not tell");
    assert!(
        report.unchecked.iter().any(|unchecked| unchecked.why.contains("records in files")),
        "and the report says so"
    );
}

#[test]
fn an_older_copy_is_found() {
    let sample = Sample::new();
    let older = tempfile::tempdir().expect("a folder");
    copy(sample.path(), older.path());
    let vault = open(sample.path());
    take(&vault, "Events", "{\"N\":77}");
    vault.flush().expect("files");
    drop(vault);
    assert_eq!(texts(&check(sample.path())), "");
    let newer = tempfile::tempdir().expect("a folder");
    copy(sample.path(), newer.path());
    // Each part that can be set back by itself.
    for (part, named) in [
        ("ws/contoso/log", "ws/contoso/log/checkpoint"),
        ("ws/contoso/log/checkpoint", "ws/contoso/log/checkpoint"),
        ("sequencer/signed", "sequencer/signed"),
        ("wal", "wal/"),
        ("ws/contoso", "ws/contoso/log/checkpoint"),
    ] {
        let (from, to) = (older.path().join(part), sample.path().join(part));
        if from.is_dir() {
            fs::remove_dir_all(&to).expect("removed");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
        let report = check(sample.path());
        let is_named = report.findings.iter().any(|finding| finding.path.starts_with(named));
        assert!(is_named, "{part}:\n{}", texts(&report));
        fs::remove_dir_all(sample.path()).expect("removed");
        copy(newer.path(), sample.path());
        #[cfg(unix)]
        for path in sample.with("keys/") {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(sample.path().join(path), mode).expect("changed");
        }
    }
    // All of it set back is a whole store: only what is kept elsewhere tells.
    let kept =
        SignedNote::parse(&fs::read(newer.path().join("ws/contoso/log/checkpoint")).expect("bytes")).expect("a note");
    let pinned = |root: &Path| {
        let options = Options { pinned: vec![("kept".to_string(), kept.clone())], ..Options::default() };
        verify_store(root, &options, &|_| {}).expect("a store")
    };
    assert_eq!(texts(&check(older.path())), "");
    let report = pinned(older.path());
    assert!(texts(&report).contains("the checkpoint in `kept` has more entries than the log"), "{}", texts(&report));
    assert_eq!(texts(&pinned(newer.path())), "");
    let other = Sample::new();
    let report = pinned(other.path());
    assert!(texts(&report).contains("there is no log"), "{}", texts(&report));
}

/// An entry that somebody appended with all tiles that belong to it, and even with the key.
#[test]
fn a_forged_entry_is_found() {
    let sample = Sample::new();
    let folder = sample.path().join("ws/contoso/log");
    let note = SignedNote::parse(&fs::read(folder.join("checkpoint")).expect("bytes")).expect("a note");
    let checkpoint = Checkpoint::parse(&note.text).expect("a checkpoint");
    let n = checkpoint.size as usize;
    let bundle = fs::read(folder.join(format!("tile/entries/000.p/{n}"))).expect("bytes");
    let entries: Vec<Vec<u8>> =
        parse_entry_bundle(&bundle, n as u16).expect("entries").into_iter().map(<[u8]>::to_vec).collect();
    let write = |root: &Path, entries: &[Vec<u8>], key: Option<&tlog::note::Signer>| {
        let folder = root.join("ws/contoso/log");
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        let hashes: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
        let bundle = entry_bundle(entries.iter().map(Vec::as_slice)).expect("short");
        fs::write(folder.join(format!("tile/0/000.p/{}", entries.len())), hashes).expect("written");
        fs::write(folder.join(format!("tile/entries/000.p/{}", entries.len())), bundle).expect("written");
        if let Some(key) = key {
            let mut tree = tlog::tree::TreeBuilder::new();
            tree.extend(leaves);
            let text = Checkpoint { size: tree.size(), root: tree.root(), ..checkpoint.clone() }.text();
            fs::write(folder.join("checkpoint"), SignedNote::sign(text, key).to_text()).expect("written");
        }
    };
    let key = sample.bytes(sample.with("keys/")[0]);
    let text = String::from_utf8(key.to_vec()).expect("text");
    let secret = Hash::from_hex(text.lines().nth(2).and_then(|line| line.strip_prefix("secret ")).expect("a line"))
        .expect("a key");
    let key = tlog::note::Signer::log(&checkpoint.origin, &secret.0).expect("a key");

    // Another entry in the place of the last one.
    let mut other = entries.clone();
    other[n - 1] =
        Entry::Heartbeat(Heartbeat { time: 639_000_000_000_000_000, tables: Vec::new() }).to_text().into_bytes();
    let report = sample.changed(|root| write(root, &other, None));
    assert!(names(&report, &format!("ws/contoso/log/tile/entries/000.p/{n}")), "{}", texts(&report));
    assert!(names(&report, &format!("ws/contoso/log/tile/0/000.p/{n}")), "{}", texts(&report));
    let report = sample.changed(|root| write(root, &other, Some(&key)));
    assert!(names(&report, "sequencer/signed"), "{}", texts(&report));
    assert!(report.findings.iter().any(|finding| finding.path.starts_with("wal/")), "{}", texts(&report));

    // One more.
    let mut more = entries.clone();
    more.push(other[n - 1].clone());
    let report = sample.changed(|root| write(root, &more, None));
    assert!(names(&report, &format!("ws/contoso/log/tile/entries/000.p/{}", n + 1)), "{}", texts(&report));
    let report = sample.changed(|root| write(root, &more, Some(&key)));
    assert!(names(&report, "sequencer/signed"), "{}", texts(&report));
}

#[test]
fn a_policy_decides_whose_signature_counts() {
    let sample = Sample::new();
    let origin = check(sample.path()).logs[0].origin.clone();
    let with = |key: &tlog::note::Signer, quorum: &str| {
        let witness = tlog::note::Signer::witness("witness.example", &[4; 32]).expect("a key");
        let text = format!("log {}\nwitness w {}\nquorum {quorum}\n", key.verifier(), witness.verifier());
        let options = Options { policy: Some(Policy::parse(&text).expect("a policy")), ..Options::default() };
        texts(&verify_store(sample.path(), &options, &|_| {}).expect("a store"))
    };
    let key = sample.bytes(sample.with("keys/")[0]);
    let text = String::from_utf8(key.to_vec()).expect("text");
    let secret = Hash::from_hex(text.lines().nth(2).and_then(|line| line.strip_prefix("secret ")).expect("a line"))
        .expect("a key");
    let own = tlog::note::Signer::log(&origin, &secret.0).expect("a key");
    assert_eq!(with(&own, "none"), "");
    assert!(with(&own, "w").contains("too few witnesses"));
    // The checkpoint is not seen yet; an earlier one is, or this one under its other name.
    let witness = tlog::note::Signer::witness("witness.example", &[4; 32]).expect("a key");
    let checkpoint = fs::read(sample.path().join("ws/contoso/log/checkpoint")).expect("bytes");
    let mut seen = SignedNote::parse(&checkpoint).expect("a note");
    seen.signatures.push(witness.sign(&seen.text, 1_790_000_000));
    let path = sample.path().join("ws/contoso/log/witnessed");
    fs::write(&path, seen.to_text()).expect("written");
    assert_eq!(with(&own, "w"), "");
    let unchecked = check(sample.path()).unchecked;
    assert!(unchecked.iter().any(|one| one.path.ends_with("witnessed") && one.why.ends_with("not known here: 1")));
    let flipped = seen.to_text().replace("contoso\n", "contosp\n");
    fs::write(&path, flipped).expect("written");
    assert!(with(&own, "none").starts_with("ws/contoso/log/witnessed: bytes 0 to "));
    sample.restore();
    let stranger = tlog::note::Signer::log(&origin, &[9; 32]).expect("a key");
    assert!(with(&stranger, "none").contains("no key of the log"));
}
