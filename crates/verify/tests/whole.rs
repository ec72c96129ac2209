//! Stores that are as they should be.

mod common;

use common::{Sample, check, open, take, texts};
use verify::{Depth, Options, verify_store};

#[test]
fn a_whole_store_is_whole_and_counted() {
    let sample = Sample::new();
    for (path, bytes) in &sample.files {
        println!("{path} {}", bytes.len());
    }
    let start = std::time::Instant::now();
    let report = check(sample.path());
    println!("{:?} {:#?} {:#?}", start.elapsed(), report.counts, report.unchecked);
    assert_eq!(texts(&report), "");
    assert!(report.is_deep && !report.is_in_use);
    assert!(report.counts.n_entries > 20 && report.counts.n_batches > 15, "{:?}", report.counts);
    assert_eq!(report.counts.n_extents, 5);
    assert!(report.counts.n_records_hashed >= report.counts.n_records, "{:?}", report.counts);
    assert_eq!(report.logs.len(), 1);
    let after: Vec<_> = sample
        .files
        .iter()
        .map(|(path, bytes)| std::fs::read(sample.path().join(path)).is_ok_and(|now| now == *bytes))
        .collect();
    assert!(after.iter().all(|is_same| *is_same), "verifying changes nothing");
}

#[test]
fn every_restart_leaves_a_whole_store() {
    let sample = Sample::new();
    for _ in 0..3 {
        let vault = open(sample.path());
        take(&vault, "Events", "{\"N\":7}\n{\"N\":8}");
        vault.flush().expect("files");
        drop(vault);
        assert_eq!(texts(&check(sample.path())), "");
    }
}

#[test]
fn what_a_process_left_behind_is_no_finding_and_is_said() {
    let sample = Sample::new();
    std::fs::create_dir(sample.path().join("keys/halfmade")).expect("a folder");
    let file = "keys/contoso/00000000.key.tmp";
    std::fs::write(sample.path().join(file), "vidimus").expect("written");
    std::fs::write(sample.path().join("tokens"), "not ours").expect("written");
    let report = check(sample.path());
    assert_eq!(texts(&report), "");
    for path in [file, "keys/halfmade", "tokens"] {
        assert!(report.unchecked.iter().any(|unchecked| unchecked.path == path), "{path}: {:?}", report.unchecked);
    }
}

#[test]
fn a_store_in_use_is_verified_as_far_as_it_is_published() {
    let sample = Sample::new();
    let vault = open(sample.path());
    let report = check(sample.path());
    assert!(report.is_in_use && report.is_whole(), "{}", texts(&report));
    assert!(report.unchecked.iter().any(|unchecked| unchecked.path == "wal" && unchecked.bytes > 0));
    drop(vault);
}

#[test]
fn what_is_no_store_is_not_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { depth: Depth::Files, ..Options::default() };
    assert!(verify_store(folder.path(), &options, &|_| {}).is_err());
    let sample = Sample::new();
    let options = Options { workspace: Some("fabrikam".to_string()), ..Options::default() };
    let error = verify_store(sample.path(), &options, &|_| {}).expect_err("no workspace").to_string();
    assert_eq!(error, "there is no workspace `fabrikam` in the store");
}
