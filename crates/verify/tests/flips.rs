//! Every bit of every file of a store: whichever is flipped, the report names the file, and bytes with the flipped one among them.
//!
//! Which bits: in a file of up to 530 bytes every 53rd, beginning somewhere else in each file; in larger ones fewer, so that each
//! file has some 60. Of the write-ahead log: in each block of 4 KiB one bit, and in each sector of 512 bytes that has a frame's bytes
//! one more. `VIDIMUS_FLIP_STEP=1` flips every bit of a smaller store; in a release build that takes a quarter of an hour or so.

mod common;

use std::fs;

use common::{Sample, check, texts};
use extents::{from_file, row_schema, with_columns};

/// Bits of a file that are flipped, about.
const BITS_PER_FILE: usize = 80;
const STEPS: [usize; 9] = [53, 67, 89, 127, 191, 263, 397, 797, 1571];

fn step(n_bits: usize) -> usize {
    let asked = std::env::var("VIDIMUS_FLIP_STEP").ok().and_then(|step| step.parse().ok());
    let fits = STEPS.into_iter().find(|step| n_bits / step <= BITS_PER_FILE);
    asked.unwrap_or(fits.unwrap_or(STEPS[STEPS.len() - 1]))
}

/// Returns the bits of a file that are flipped.
fn bits(path: &str, bytes: &[u8], salt: usize) -> Vec<usize> {
    let n_bits = bytes.len() * 8;
    if path.starts_with("wal/") && std::env::var("VIDIMUS_FLIP_STEP").is_err() {
        let blocks = (0..bytes.len()).step_by(4096).map(|at| at + (at / 7 + salt) % 4096);
        let is_used = |at: &usize| bytes[*at..at + 512].iter().any(|byte| *byte != 0);
        let sectors = (0..bytes.len()).step_by(512).filter(is_used).map(|at| at + (at / 5 + salt) % 512);
        return blocks.chain(sectors).map(|byte| byte * 8 + byte % 8).collect();
    }
    (salt % step(n_bits)..n_bits).step_by(step(n_bits)).collect()
}

/// Flips one bit of a file, and asks for the report.
fn flip(sample: &Sample, path: &str, bytes: &mut [u8], bit: usize) {
    let absolute = sample.path().join(path);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(&absolute, &*bytes).expect("written");
    let report = check(sample.path());
    let byte = (bit / 8) as u64;
    let is_named = report
        .findings
        .iter()
        .any(|finding| finding.path == *path && finding.range.as_ref().is_none_or(|range| range.contains(&byte)));
    assert!(is_named, "bit {bit} of {path} ({} bytes):\n{}", bytes.len(), texts(&report));
    bytes[bit / 8] ^= 1 << (bit % 8);
}

#[test]
fn every_flipped_bit_is_named() {
    let is_every = std::env::var("VIDIMUS_FLIP_STEP").is_ok();
    let sample = if is_every { Sample::small() } else { Sample::new() };
    assert_eq!(texts(&check(sample.path())), "");
    let start = std::time::Instant::now();
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let flip_some = |first: usize| {
        let own = sample.copy();
        let mut n_flips = 0;
        for (salt, (path, bytes)) in sample.files.iter().enumerate() {
            let mut flipped = bytes.clone();
            for bit in bits(path, bytes, salt * 31).into_iter().skip(first).step_by(n_threads) {
                flip(&own, path, &mut flipped, bit);
                n_flips += 1;
            }
            fs::write(own.path().join(path), bytes).expect("written");
        }
        assert_eq!(texts(&check(own.path())), "", "all is as it was");
        n_flips
    };
    let n_flips: usize = std::thread::scope(|scope| {
        let flip_some = &flip_some;
        let threads: Vec<_> = (0..n_threads).map(|first| scope.spawn(move || flip_some(first))).collect();
        threads.into_iter().map(|thread| thread.join().expect("every flip is named")).sum()
    });
    let n_bytes: usize = sample.files.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{n_flips} flips of {n_bytes} bytes in {:?}", start.elapsed());
    assert!(n_flips > 1_000);
}

/// What queries see of the tables: all rows, or that a table cannot be read.
fn scan(sample: &Sample, table: &str) -> Option<arrow::array::RecordBatch> {
    let vault = ingest::Vault::open(sample.path(), std::sync::Arc::new(stdx::SystemClock), common::vault_options());
    let workspace = vault.ok()?.workspace(common::WORKSPACE)?;
    let snapshot = workspace.table(table)?.snapshot().ok()?;
    let columns = snapshot.schema.columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).chain(["_batch", "_pos"]).collect();
    let mut parts = Vec::new();
    for file in &snapshot.files {
        file.rows(&names, None, |batch| {
            parts.push(from_file(&batch, columns).expect("columns"));
            Ok(())
        })
        .ok()?;
    }
    parts.extend(snapshot.hot.iter().map(|rows| with_columns(rows, columns).expect("columns")));
    Some(arrow::compute::concat_batches(&row_schema(columns), &parts).expect("rows"))
}

#[test]
fn a_flipped_bit_of_a_file_never_changes_what_a_scan_sees() {
    let sample = Sample::new();
    let whole = scan(&sample, "Events").expect("rows");
    sample.restore();
    let mut n_refused = 0;
    for path in sample.with("data/Events") {
        let bytes = sample.bytes(path);
        for bit in (0..bytes.len() * 8).step_by(step(bytes.len() * 8) * 2) {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(sample.path().join(path), flipped).expect("written");
            match scan(&sample, "Events") {
                Some(rows) => assert_eq!(rows, whole, "bit {bit} of {path}"),
                None => n_refused += 1,
            }
            sample.restore();
        }
    }
    assert!(n_refused > 20);
}
