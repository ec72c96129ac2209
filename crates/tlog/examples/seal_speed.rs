//! Prints how many records of 20 columns one thread seals per second of its own time.
//!
//! `cargo run --release -p tlog --example seal_speed`

use tlog::bundle::{BatchRecords, Row};
use tlog::entry::BatchEntry;
use tlog::note::{SignedNote, Signer};
use tlog::record::{Cell, CellType, Cells, LeafHasher, SchemaColumn, SchemaDoc, Seed, SeedTree};
use tlog::tile::TileWriter;
use tlog::tree::{MemoryTree, TreeBuilder, subset_root};
use tlog::{Checkpoint, Hash};

const N_COLUMNS: u16 = 20;
const BATCH: usize = 4096;
const N_BATCHES: usize = 50;
const N_PROOFS: u64 = 20_000;

fn main() {
    let (schema, columns) = table();
    let columns: Vec<&dyn Cells> = columns.iter().map(|column| column as &dyn Cells).collect();
    let log = Signer::log("vault.example/bench", &[1; 32]).expect("a key");
    let mut hasher = LeafHasher::new(&schema);
    let mut leaves: Vec<Hash> = Vec::with_capacity(BATCH);
    let report = |what: &str, n: usize, start: u64| {
        let seconds = (now() - start) as f64 / 1e9;
        println!("{what:<52} {:>10.0} /s  {:>8.3} us", n as f64 / seconds, seconds / n as f64 * 1e6);
    };

    let seeds = SeedTree::new(Seed([7; 32]), SeedTree::depth_for((BATCH * N_BATCHES) as u64)).expect("a tree");
    let start = now();
    let n_seeds = seeds.seeds(0..(BATCH * N_BATCHES) as u64).count();
    report("seeds of consecutive records", n_seeds, start);

    let start = now();
    for _ in 0..N_BATCHES {
        leaves.clear();
        let seeds = std::iter::repeat_n(Seed([9; 32]), BATCH);
        hasher.hash_rows(&columns, 0..BATCH, seeds, &mut leaves).expect("they fit");
    }
    report("leaf hashes, 20 columns each with its salt", BATCH * N_BATCHES, start);

    let start = now();
    for _ in 0..N_BATCHES {
        let mut tree = TreeBuilder::new();
        tree.extend(leaves.iter().copied());
        std::hint::black_box(tree.root());
    }
    report("leaves of a batch's tree", BATCH * N_BATCHES, start);

    let mut writer = TileWriter::new();
    let mut prev = None;
    let mut first = 0;
    let start = now();
    for _ in 0..N_BATCHES {
        leaves.clear();
        let range = first..first + BATCH as u64;
        hasher.hash_rows(&columns, 0..BATCH, seeds.seeds(range), &mut leaves).expect("they fit");
        let mut tree = TreeBuilder::new();
        tree.extend(leaves.iter().copied());
        let entry = BatchEntry {
            table: schema.table.clone(),
            schema_id: schema.id,
            schema_hash: schema.hash(),
            first,
            count: BATCH as u64,
            time: 639_000_000_000_000_000,
            root: tree.root(),
            prev,
        };
        prev = Some(entry.leaf());
        first = entry.end();
        writer.append(entry.leaf());
        let checkpoint =
            Checkpoint { origin: "vault.example/bench".to_string(), size: writer.size(), root: writer.root() };
        std::hint::black_box((SignedNote::sign(checkpoint.text(), &log), writer.take_tiles()));
    }
    report("records sealed: seeds, hashes, trees, signature", BATCH * N_BATCHES, start);

    let tree: MemoryTree = leaves.iter().copied().collect();
    let cells: Vec<Cell> = columns.iter().map(|column| column.cell(5)).collect();
    let start = now();
    for position in (0..N_PROOFS).map(|number| number % BATCH as u64) {
        let row = Row::new(position, &schema, &Seed([9; 32]), &cells, |_| true).expect("it fits");
        std::hint::black_box(BatchRecords::new(&tree, BATCH as u64, vec![row])).expect("readable");
    }
    report("records shown with their proof", N_PROOFS as usize, start);

    let Ok(proof) = tlog::tree::subset_proof(&tree, BATCH as u64, &[5]);
    let leaf = leaves.get(5).copied().expect("a leaf");
    let start = now();
    for _ in 0..N_PROOFS {
        std::hint::black_box(subset_root(BATCH as u64, &[(5, leaf)], &proof)).expect("a root");
    }
    report("paths verified", N_PROOFS as usize, start);

    let start = now();
    for _ in 0..N_PROOFS {
        std::hint::black_box(log.sign("text\n", 0));
    }
    report("signatures", N_PROOFS as usize, start);
}

/// Nanoseconds that this thread has been running, so that a busy machine does not count; on Linux only.
fn now() -> u64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    times.split(' ').next().and_then(|time| time.parse().ok()).expect("a number")
}

/// A table like those of sign-ins: half of the columns are short texts, two are longer.
fn table() -> (SchemaDoc, Vec<Vec<Cell<'static>>>) {
    let mut schema = SchemaDoc { table: "SigninLogs".to_string(), id: 1, columns: Vec::new() };
    let mut columns = Vec::new();
    for id in 0..N_COLUMNS {
        let kind = match id {
            0 => CellType::Datetime,
            1..=10 => CellType::String,
            11..=13 => CellType::Long,
            14 => CellType::Bool,
            15 | 16 => CellType::Guid,
            17 => CellType::Real,
            _ => CellType::Dynamic,
        };
        schema.columns.push(SchemaColumn { id, kind, name: format!("Column{id}") });
        let cell = |row: usize| match kind {
            CellType::Datetime => Cell::Datetime(639_000_000_000_000_000 + row as i64),
            CellType::String => Cell::String(format!("value {id} of record {row}").into()),
            CellType::Long => Cell::Long(row as i64 * 31),
            CellType::Bool => Cell::Bool(row.is_multiple_of(2)),
            CellType::Guid => Cell::Guid([row as u8; 16]),
            CellType::Real => Cell::Real(row as f64 / 3.0),
            _ => Cell::Dynamic(
                format!("{{\"countryOrRegion\":\"DE\",\"city\":\"Town {row}\",\"geo\":{{\"lat\":1.5}}}}").into(),
            ),
        };
        columns.push((0..BATCH).map(cell).collect());
    }
    (schema, columns)
}
