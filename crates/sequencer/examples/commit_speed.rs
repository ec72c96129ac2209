//! How fast records are sealed and committed, from cells to receipts: `commit_speed <folder> [workers] [records per batch] [seconds]
//! [workspaces]`.
//!
//! Each worker hashes records of 20 columns, each with its salt, into batches and submits them, two at a time; everything ends up
//! durable in the folder, which should be on the disk that is to be measured and is emptied of earlier runs first. Build with
//! optimisation, and say how busy the machine was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sequencer::storage::Disk;
use sequencer::{Keys, Request, SealedBatch, Sequencer, SequencerOptions, Signer, SubmitError, Ticket, log_folder};
use stdx::SystemClock;
use tlog::record::{Cell, CellType, Cells, LeafHasher, SchemaColumn, SchemaDoc, Seed, SeedTree};
use tlog::tree::TreeBuilder;

const N_COLUMNS: u16 = 20;
/// Batches of a worker that wait for their receipt.
const IN_FLIGHT: usize = 2;

struct BenchKeys;

impl Keys for BenchKeys {
    fn signers(&self, workspace: &str) -> Result<Vec<Arc<dyn Signer>>, String> {
        let signer = tlog::note::Signer::log(&format!("vault.example/{workspace}"), &[1; 32]);
        Ok(vec![Arc::new(signer.map_err(|error| error.to_string())?)])
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("usage: commit_speed <folder> [workers] [records] [seconds] [workspaces]");
    let mut number = |default: u64| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (n_workers, n_records, seconds, n_workspaces) = (number(1), number(4096), number(10), number(1));
    let store = std::path::Path::new(&folder).join("commit_speed");
    if store.exists() {
        std::fs::remove_dir_all(&store).expect("emptied");
    }
    let disk = Arc::new(Disk::open(&store).expect("a folder"));
    let options = SequencerOptions::default();
    let sequencer =
        Sequencer::open(disk, Arc::new(SystemClock), Box::new(BenchKeys), options, |_| {}).expect("it starts");

    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers)
            .map(|worker| {
                let (sequencer, workspace) = (&sequencer, format!("bench{}", worker % n_workspaces));
                scope.spawn(move || work(sequencer, &workspace, worker, n_records, end))
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("done")).collect()
    });
    let elapsed = start.elapsed().as_secs_f64();
    let n_wal_bytes = sequencer.status().n_wal_bytes;
    sequencer.close();
    latencies.sort_unstable();
    let n_batches = latencies.len();
    let n_sealed = n_batches as u64 * n_records;
    let at = |part: f64| latencies.get(((n_batches - 1) as f64 * part) as usize).map_or(0.0, |l| l.as_secs_f64() * 1e3);
    let record_bytes = payload(&cells(), 1).len();
    let log_bytes: u64 = (0..n_workspaces).map(|n| folder_bytes(&store.join(log_folder(&format!("bench{n}"))))).sum();
    println!(
        "workers {n_workers}, workspaces {n_workspaces}, {n_records} records per batch, {record_bytes} bytes per record"
    );
    println!("batches          {:>12.1} /s", n_batches as f64 / elapsed);
    println!("records          {:>12.0} /s", n_sealed as f64 / elapsed);
    println!("acknowledged     {:>12.2} ms p50 {:>9.2} ms p99 {:>9.2} ms max", at(0.5), at(0.99), at(1.0));
    println!("log              {:>12.3} bytes per record", log_bytes as f64 / n_sealed as f64);
    println!("write-ahead log  {:>12.1} bytes per record", n_wal_bytes as f64 / n_sealed as f64);
}

/// Seals and submits until the end and returns how long each receipt took from the submission on.
fn work(sequencer: &Sequencer, workspace: &str, worker: u64, n_records: u64, end: Instant) -> Vec<Duration> {
    let schema = schema();
    let row = cells();
    let columns: Vec<Vec<Cell<'static>>> = row.iter().map(|cell| vec![cell.clone(); n_records as usize]).collect();
    let columns: Vec<&dyn Cells> = columns.iter().map(|column| column as &dyn Cells).collect();
    let payload = payload(&row, n_records);
    let table = format!("Table{worker}");
    let mut hasher = LeafHasher::new(&schema);
    let mut waiting: VecDeque<(Instant, Ticket)> = VecDeque::new();
    let mut latencies = Vec::new();
    let wait = |(since, ticket): (Instant, Ticket)| {
        let receipt = ticket.wait().expect("committed");
        sequencer.release_up_to(workspace, &format!("Table{worker}"), receipt.records.end);
        since.elapsed()
    };
    for number in 0u64.. {
        if Instant::now() >= end {
            break;
        }
        let mut seed = [worker as u8; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let seeds = SeedTree::new(Seed(seed), SeedTree::depth_for(n_records)).expect("a tree");
        let mut leaves = Vec::with_capacity(n_records as usize);
        hasher.hash_rows(&columns, 0..n_records as usize, seeds.seeds(0..n_records), &mut leaves).expect("they fit");
        let mut tree = TreeBuilder::new();
        tree.extend(leaves);
        let batch = SealedBatch {
            workspace: workspace.to_string(),
            table: table.clone(),
            request: None,
            schema_id: schema.id,
            schema_hash: schema.hash(),
            count: n_records,
            root: tree.root(),
            leaf_material: seeds.to_bytes(),
            payload: payload.clone(),
        };
        if waiting.len() >= IN_FLIGHT {
            latencies.extend(waiting.pop_front().map(wait));
        }
        let since = Instant::now();
        match sequencer.submit(Request::Batch(batch)) {
            Ok(ticket) => waiting.push_back((since, ticket)),
            Err(SubmitError::Busy { retry_after_ms, .. }) => std::thread::sleep(Duration::from_millis(retry_after_ms)),
            Err(error) => panic!("{error}"),
        }
    }
    latencies.extend(waiting.into_iter().map(wait));
    latencies
}

fn schema() -> SchemaDoc {
    let column = |(id, cell): (u16, Cell<'_>)| SchemaColumn {
        id,
        kind: cell.kind().expect("a value"),
        name: format!("Column{id}"),
    };
    SchemaDoc { table: "SigninLogs".to_string(), id: 1, columns: (0..N_COLUMNS).zip(cells()).map(column).collect() }
}

/// A record like those of sign-ins: half of the columns are short texts, two are longer.
fn cells() -> Vec<Cell<'static>> {
    let cell = |id: u16| match id {
        0 => Cell::Datetime(639_000_000_000_000_000),
        1..=10 => Cell::String(format!("value {id} of a record of about 600 bytes").into()),
        11..=13 => Cell::Long(i64::from(id) * 31),
        14 => Cell::Bool(true),
        15 | 16 => Cell::Guid([id as u8; 16]),
        17 => Cell::Real(0.5),
        _ => Cell::Dynamic(
            "{\"countryOrRegion\":\"DE\",\"city\":\"Town\",\"geo\":{\"lat\":1.5,\"lon\":2.25},\"n\":1}".into(),
        ),
    };
    (0..N_COLUMNS).map(cell).collect()
}

/// The columns' bytes one after the other, not compressed.
fn payload(row: &[Cell<'_>], n_records: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    for cell in row {
        let bytes = match cell {
            Cell::String(text) | Cell::Dynamic(text) => text.as_bytes().to_vec(),
            Cell::Guid(bytes) => bytes.to_vec(),
            Cell::Bool(_) => vec![1],
            _ => vec![7; 8],
        };
        debug_assert!(cell.kind() != Some(CellType::Decimal));
        payload.extend(bytes.repeat(n_records as usize));
    }
    payload
}

fn folder_bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() {
                    folder_bytes(&entry.path())
                } else {
                    entry.metadata().map_or(0, |m| m.len())
                }
            },
        )
        .sum()
}
