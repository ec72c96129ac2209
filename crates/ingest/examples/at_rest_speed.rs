//! What encryption at rest costs: processor time of taking, flushing and scanning records in a plain and in an encrypted store.
//!
//! `cargo run --release -p ingest --example at_rest_speed -- [RECORDS] [ROUNDS]`: stores of so many records of 18 columns, in batches of
//! 1,000, in turn plain and encrypted; the least of each. Linux only: the time is that of /proc/self/stat.

use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use ingest::{Encryption, Vault, VaultOptions};
use keys::{Cost, Passphrase};
use schema::{Column, KqlType};
use stdx::SystemClock;

type Failure = Box<dyn std::error::Error>;

const BATCH: u64 = 1_000;
/// Ticks of a second in /proc.
const PER_SECOND: f64 = 100.0;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let n_records: u64 = arguments.next().map_or(Ok(300_000), |text| text.parse())?;
    let n_rounds: u32 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let passphrase = Passphrase::new(b"correct horse battery staple".to_vec())?;
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let kinds = [("plain", Encryption::None), ("encrypted", Encryption::Passphrase { passphrase, cost })];
    let mut best = [[f64::MAX; 3]; 2];
    for _ in 0..n_rounds {
        for ((_, encryption), best) in kinds.iter().zip(&mut best) {
            for (best, found) in best.iter_mut().zip(measure(n_records, encryption)?) {
                *best = best.min(found);
            }
        }
    }
    let [plain, encrypted] = best;
    for ((what, plain), encrypted) in ["taken", "flushed", "scanned"].iter().zip(plain).zip(encrypted) {
        let more = (encrypted - plain) / n_records as f64 * 1e6;
        println!(
            "{what}: plain {plain:.2} s, encrypted {encrypted:.2} s of processor time: {more:.2} us a record more"
        );
    }
    Ok(())
}

/// Returns the seconds of taking, flushing and scanning.
fn measure(n_records: u64, encryption: &Encryption) -> Result<[f64; 3], Failure> {
    let folder = tempfile::tempdir()?;
    let options = VaultOptions { encryption: encryption.clone(), ..VaultOptions::default() };
    let vault = Vault::open(folder.path(), Arc::new(SystemClock), options)?;
    vault.create_workspace("contoso")?;
    let texts = (0..16).map(|n| Column::new(format!("Text{n}"), KqlType::String));
    let columns: Vec<Column> = texts.chain([Column::new("N", KqlType::Long)]).collect();
    vault.ensure_table("contoso", "Events", &columns)?;
    let bodies: Vec<String> = (0..n_records / BATCH).map(body).collect();
    let start = processor_seconds()?;
    for body in bodies {
        block_on(vault.take("contoso", "Events", body.as_bytes(), None)?.finish())?;
    }
    let taken = processor_seconds()?;
    vault.flush()?;
    let flushed = processor_seconds()?;
    scan(&vault)?;
    Ok([taken - start, flushed - taken, processor_seconds()? - flushed])
}

fn body(batch: u64) -> String {
    let text = |n: u64, m: u64| {
        let value = (batch * BATCH + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(m as u32) >> (m % 5 * 8);
        format!("\"Text{m}\":\"value-{value:x}\"")
    };
    let record = |n: u64| {
        let texts: Vec<String> = (0..16).map(|m| text(n, m)).collect();
        format!("{{{},\"N\":{n}}}\n", texts.join(","))
    };
    (0..BATCH).map(record).collect()
}

fn scan(vault: &Vault) -> Result<(), Failure> {
    let table = vault.workspace("contoso").and_then(|workspace| workspace.table("Events"));
    let snapshot = table.ok_or("no table")?.snapshot()?;
    let names: Vec<&str> = snapshot.schema.columns().iter().map(|column| column.name.as_str()).collect();
    for file in &snapshot.files {
        file.rows(&names, None, |_| Ok(()))?;
    }
    Ok(())
}

/// Returns the processor time that this process has had.
fn processor_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string(Path::new("/proc/self/stat"))?;
    let mut fields = text.rsplit(") ").next().unwrap_or_default().split(' ').skip(11);
    let mut next = || fields.next().and_then(|field| field.parse::<f64>().ok()).ok_or("no time in /proc/self/stat");
    Ok((next()? + next()?) / PER_SECOND)
}
