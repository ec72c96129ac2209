//! How fast a store is verified: bytes of files, and records, on one thread and on all.
//!
//! `cargo run --release -p verify --example verify_speed -- [RECORDS] [FOLDER]`: makes a store of so many records of 18 columns, unless
//! the folder has one, and verifies it. What is measured includes the log, the write-ahead log and everything else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use futures::executor::block_on;
use ingest::{Vault, VaultOptions};
use schema::{Column, KqlType};
use stdx::SystemClock;
use verify::{Depth, Options, verify_store};

type Failure = Box<dyn std::error::Error>;

const BATCH: u64 = 4096;
const TABLE: &str = "Events";

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let n_records: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| temporary.path().to_path_buf(), PathBuf::from);
    if !folder.join("ws").is_dir() {
        fill(&folder, n_records)?;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for n_threads in [1, cores] {
        for (name, depth) in [("bytes", Depth::Files), ("records", Depth::Records)] {
            let options = Options { depth, n_threads: Some(n_threads), ..Options::default() };
            let start = Instant::now();
            let report = verify_store(&folder, &options, &|_| {})?;
            let seconds = start.elapsed().as_secs_f64();
            let counts = &report.counts;
            println!(
                "{name} on {n_threads} threads: {:.2} s, {} files, {:.0} MB, {:.0} MB/s, {} records hashed, {:.0} records/s, {} findings",
                seconds,
                counts.n_files,
                counts.n_bytes as f64 / 1e6,
                counts.n_bytes as f64 / 1e6 / seconds,
                counts.n_records_hashed,
                counts.n_records_hashed as f64 / seconds,
                report.findings.len(),
            );
        }
    }
    Ok(())
}

fn fill(folder: &Path, n_records: u64) -> Result<(), Failure> {
    let start = Instant::now();
    let vault = Vault::open(folder, Arc::new(SystemClock), VaultOptions::default())?;
    vault.create_workspace("contoso")?;
    let texts = (0..11).map(|n| Column::new(format!("Text{n}"), KqlType::String));
    let longs = (0..5).map(|n| Column::new(format!("Number{n}"), KqlType::Long));
    let columns: Vec<Column> = texts.chain(longs).chain([Column::new("Rest", KqlType::Dynamic)]).collect();
    vault.ensure_table("contoso", TABLE, &columns)?;
    let mut first = 0;
    while first < n_records {
        let body: String = (first..n_records.min(first + BATCH)).map(record).collect();
        block_on(vault.take("contoso", TABLE, body.as_bytes(), None)?.finish())?;
        first += BATCH;
        if first % (128 * BATCH) == 0 {
            vault.flush()?;
        }
    }
    vault.flush()?;
    println!("made in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Returns a record of some 450 bytes.
fn record(n: u64) -> String {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = format!("{{\"TimeGenerated\":\"2026-01-02T03:{:02}:{:02}Z\"", n / 60 % 60, n % 60);
    for column in 0..11u64 {
        let value = mixed >> (column * 4) & 0xffff;
        text.push_str(&format!(",\"Text{column}\":\"value-{value:06x}@contoso.example\""));
    }
    for column in 0..5 {
        text.push_str(&format!(",\"Number{column}\":{}", mixed >> (column * 9) & 0xff_ffff));
    }
    text.push_str(&format!(",\"Rest\":{{\"id\":\"{mixed:016x}\"}}}}\n"));
    text
}
