//! An encrypted store, verified with and without its keys.

mod common;

use std::fs;

use common::{Sample, open_encrypted, passphrase, texts};
use verify::{Depth, Options, Report, VerifyError, verify_store};

fn check(sample: &Sample, has_keys: bool) -> Result<Report, VerifyError> {
    let passphrase = has_keys.then(passphrase);
    let options = Options { depth: Depth::Records, passphrase, ..Options::default() };
    verify_store(sample.path(), &options, &|_| {})
}

#[test]
fn with_its_keys_everything_is_verified() {
    let sample = Sample::encrypted();
    let report = check(&sample, true).expect("a store");
    assert_eq!(texts(&report), "");
    assert!(report.is_deep && report.counts.n_records_hashed >= report.counts.n_records, "{:?}", report.counts);
    assert!(report.logs.iter().all(|log| log.sighting.is_some()), "the log's own keys are known");
    let sealed = ["data/", "seeds/", "keys/contoso", "keys/root", "keys/mode"];
    let left = report.unchecked.iter().filter(|left| sealed.iter().any(|part| left.path.contains(part)));
    assert_eq!(left.collect::<Vec<_>>(), Vec::<&verify::Unchecked>::new());
    for (path, bytes) in &sample.files {
        assert!(fs::read(sample.path().join(path)).is_ok_and(|now| now == *bytes), "{path} was changed");
    }
    let _vault = open_encrypted(sample.path());
    let report = check(&sample, true).expect("a store that another process has");
    assert_eq!((texts(&report).as_str(), report.is_in_use), ("", true));
}

#[test]
fn without_its_keys_it_is_said_what_was_not_verified() {
    let sample = Sample::encrypted();
    let report = check(&sample, false).expect("a store");
    assert_eq!(texts(&report), "");
    assert_eq!(report.counts.n_records_hashed, 0);
    let is_said = |path: &str| report.unchecked.iter().any(|left| left.path == path && left.bytes > 0);
    let sealed: Vec<&str> = [sample.with("/data/"), sample.with("/seeds/"), sample.with("keys/root")].concat();
    assert!(sealed.len() > 8, "{sealed:?}");
    for path in sealed.into_iter().chain(["keys/contoso", "ws/contoso/log/checkpoint"]) {
        assert!(is_said(path), "{path}: {:?}", report.unchecked);
    }
    // The public form is verified all the same.
    let path = sample.with("log/tile/entries")[0].to_string();
    let report = sample.damaged(&path, 100, |sample| check(sample, false).expect("a store"));
    assert!(report.findings.iter().any(|finding| finding.path == path), "{}", texts(&report));
    // What is cut off, or plain in place of what was sealed, needs no key to be seen.
    let path = sample.with("/data/Events")[0].to_string();
    let bytes = sample.bytes(&path).to_vec();
    for wrong in [&bytes[..bytes.len() - 1], b"PAR1".as_slice()] {
        fs::write(sample.path().join(&path), wrong).expect("written");
        let report = check(&sample, false).expect("a store");
        assert!(report.findings.iter().any(|finding| finding.path == path), "{}", texts(&report));
    }
}

#[test]
fn another_passphrase_is_an_error_and_a_plain_store_has_none() {
    let sample = Sample::encrypted();
    let passphrase = keys::Passphrase::new(b"other words".to_vec()).ok();
    let options = Options { passphrase, ..Options::default() };
    let error = verify_store(sample.path(), &options, &|_| {}).err().map(|error| stdx::error_chain(&error));
    let text = error.expect("it does not open");
    assert!(text.contains("root.0") && text.contains("passphrase"), "{text}");
    let plain = Sample::new();
    assert!(matches!(check(&plain, true), Err(VerifyError::Keys(keys::KeyError::OtherMode { .. }))));
}

#[test]
fn every_flipped_bit_of_a_sealed_file_is_named() {
    let sample = Sample::encrypted();
    let mut n_flips = 0;
    for (salt, (path, bytes)) in sample.files.iter().enumerate() {
        if path.starts_with("wal/") || bytes.is_empty() {
            // The frames of the one have hashes of their own; locks are empty.
            continue;
        }
        let n_bits = bytes.len() * 8;
        for bit in (salt * 31 % n_bits..n_bits).step_by(n_bits / 12 + 1) {
            if path.starts_with("keys/root") && (16..32).contains(&(bit / 8)) {
                // What a try of the passphrase costs: up to gigabytes.
                continue;
            }
            let report = sample.damaged(path, bit, |sample| check(sample, true));
            let is_named = match &report {
                Ok(report) => report.findings.iter().any(|finding| finding.path == *path),
                Err(error) => stdx::error_chain(error).contains(path.rsplit('/').next().expect("a name")),
            };
            // Another name of the store opens no root key, and nobody can tell which of the two files it was.
            let is_store_name = path == "keys/mode.v1" && report.is_err();
            assert!(is_named || is_store_name, "bit {bit} of {path}: {report:?}");
            n_flips += 1;
        }
    }
    assert!(n_flips > 200, "{n_flips}");
}
