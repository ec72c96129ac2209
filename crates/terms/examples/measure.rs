//! Measures the term index: speed of building, size, time of a lookup, blocks that a needle leaves.
//!
//! ```sh
//! cargo run --release -p terms --example measure -- [--block-rows N] [--rows N] [FILE.parquet] [COLUMN NEEDLE]...
//! ```
//!
//! Every text column of the file is indexed, extent by extent of a million rows; a column whose first value begins as a bag
//! or an array is taken as JSON. Without a file, rows are made that look like a directory's audit log. Needles are searched
//! for as `has` does.

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use terms::{IndexBuilder, Options, Subject, TermIndex, TextKind};

const EXTENT_ROWS: usize = 1 << 20;
const BATCH_ROWS: usize = 8192;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    let mut rows_max = usize::MAX;
    let mut rest = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--block-rows" => options.block_rows = args.next().unwrap_or_default().parse()?,
            "--rows" => rows_max = args.next().unwrap_or_default().parse()?,
            _ => rest.push(arg),
        }
    }
    let file = rest.first().filter(|arg| arg.ends_with(".parquet")).cloned();
    let needles = &rest[usize::from(file.is_some())..];
    let file_bytes = file.as_ref().map(std::fs::metadata).transpose()?.map(|meta| meta.len());
    let (batches, rows_all): (Box<dyn Iterator<Item = RecordBatch>>, usize) = match &file {
        Some(path) => {
            let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
            let rows = usize::try_from(builder.metadata().file_metadata().num_rows())?;
            (Box::new(builder.with_batch_size(BATCH_ROWS).build()?.map_while(Result::ok)), rows)
        }
        None => (Box::new((0..EXTENT_ROWS / BATCH_ROWS).map(made_up)), EXTENT_ROWS),
    };
    let mut batches = batches.peekable();
    let mut rows_done = 0;
    while batches.peek().is_some() && rows_done < rows_max {
        let mut extent = Vec::new();
        let mut rows = 0;
        while rows < EXTENT_ROWS.min(rows_max - rows_done)
            && let Some(batch) = batches.next()
        {
            rows += batch.num_rows();
            extent.push(batch);
        }
        rows_done += rows;
        let share = file_bytes.map(|bytes| bytes as f64 / rows_all as f64);
        measure(options, &extent, rows, share, needles)?;
    }
    Ok(())
}

/// Builds and asks the index of one extent.
fn measure(
    options: Options,
    extent: &[RecordBatch],
    rows: usize,
    file_bytes_per_row: Option<f64>,
    needles: &[String],
) -> Result<(), Box<dyn Error>> {
    let Some(first) = extent.first() else { return Ok(()) };
    let schema = first.schema();
    let is_text = |at: &usize| matches!(schema.field(*at).data_type(), DataType::Utf8 | DataType::Utf8View);
    let columns: Vec<usize> = (0..schema.fields().len()).filter(is_text).collect();
    let mut builder = IndexBuilder::new(options)?;
    for &at in &columns {
        builder.column(at as u16, kind(first.column(at)))?;
    }
    let text_bytes: usize = extent.iter().flat_map(|batch| columns.iter().map(|at| text_len(batch.column(*at)))).sum();
    let start = cpu_time();
    for batch in extent {
        for &at in &columns {
            builder.push(at as u16, batch.column(at).as_ref())?;
        }
    }
    let pushed = cpu_time() - start;
    let bytes = builder.finish(rows as u64)?;
    let built = cpu_time() - start;
    println!(
        "{rows} rows, {} columns, {:.1} MB of text: built in {:.2} s of one core ({:.2} s of it sorting and writing), {:.0} MB/s",
        columns.len(),
        text_bytes as f64 / 1e6,
        built.as_secs_f64(),
        (built - pushed).as_secs_f64(),
        text_bytes as f64 / 1e6 / built.as_secs_f64()
    );
    let per_row = bytes.len() as f64 / rows as f64;
    let share = file_bytes_per_row.map(|file| format!(", {:.1} % of the file's {file:.1}", per_row / file * 100.0));
    println!("index of {:.2} MB, {per_row:.2} bytes per row{}", bytes.len() as f64 / 1e6, share.unwrap_or_default());
    let index = TermIndex::open(Bytes::from(bytes))?;
    for column in index.columns() {
        let name = schema.field(usize::from(column.id)).name();
        let per_row = f64::from(column.bytes) / rows as f64;
        let left = blocks_left(&index, column.id, extent)?;
        println!(
            "  {name:<24} {:?} {:>9} keys {per_row:>6.2} bytes per row; == leaves {left:.1} of {} blocks",
            column.kind,
            column.n_keys,
            rows.div_ceil(options.block_rows as usize)
        );
    }
    let mut asked = 0;
    let start = Instant::now();
    for i in 0..10_000 {
        for &at in &columns {
            let blocks = index.blocks(&Subject::value(at as u16).has(&format!("{:x}", i * 7_654_321)));
            asked += 1 + usize::from(blocks.is_all());
        }
    }
    let each = start.elapsed().as_secs_f64() / (10_000 * columns.len().max(1)) as f64;
    println!("a lookup of a random term: {:.2} µs ({asked})", each * 1e6);
    for pair in needles.chunks_exact(2) {
        let [name, needle] = pair else { continue };
        let at = schema.index_of(name)?;
        let start = Instant::now();
        let blocks = index.blocks(&Subject::value(at as u16).has(needle));
        let us = start.elapsed().as_secs_f64() * 1e6;
        println!("{name} has {needle:?}: {} of {} blocks, {us:.1} µs", blocks.count(), blocks.total());
    }
    Ok(())
}

/// Searches for values of a column as a whole; returns how many blocks pass on average. The value's own block must.
fn blocks_left(index: &TermIndex, column: u16, extent: &[RecordBatch]) -> Result<f64, Box<dyn Error>> {
    let (mut asked, mut passed, mut row) = (0u32, 0u32, 0u64);
    for batch in extent {
        let at = (row as usize / 7) % batch.num_rows();
        if let Some(value) = texts(batch.column(usize::from(column)))[at].filter(|value| !value.is_empty()) {
            let blocks = index.blocks(&Subject::value(column).equals(value));
            if !blocks.contains_row(row + at as u64) {
                return Err(format!("the block of `{value}` is left out").into());
            }
            asked += 1;
            passed += blocks.count();
        }
        row += batch.num_rows() as u64;
    }
    Ok(f64::from(passed) / f64::from(asked.max(1)))
}

/// Returns the time that this thread has run, which others that want the core do not lengthen; where the system does not say
/// it, the time that has passed.
fn cpu_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ran = std::fs::read_to_string("/proc/self/schedstat").ok();
    let ran_ns = ran.and_then(|text| text.split(' ').next()?.parse().ok());
    ran_ns.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn kind(array: &ArrayRef) -> TextKind {
    let first = texts(array).into_iter().flatten().next().unwrap_or_default();
    if first.starts_with(['{', '[']) { TextKind::Json } else { TextKind::String }
}

fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
    match array.as_string_view_opt() {
        Some(texts) => texts.iter().collect(),
        None => array.as_string::<i32>().iter().collect(),
    }
}

fn text_len(array: &ArrayRef) -> usize {
    texts(array).into_iter().flatten().map(str::len).sum()
}

/// Makes one batch of audit events.
fn made_up(batch: usize) -> RecordBatch {
    let mut random = Random(batch as u64 + 1);
    let names = ["Operation", "Actor", "Ip", "CorrelationId", "Properties"];
    let mut columns: Vec<StringViewBuilder> = names.iter().map(|_| StringViewBuilder::new()).collect();
    for _ in 0..BATCH_ROWS {
        let user = random.below(20_000).min(random.below(20_000));
        let verb = ["Add user", "Update user", "Delete user", "Add member to group", "Reset user password"];
        let actor = format!("first{}.last{user}@northwind.example", user % 40);
        let ip = format!("100.{}.{}.{}", 64 + user % 64, user % 251, random.below(4));
        let mut json = String::new();
        let (session, score) = (random.next(), random.below(100));
        let _ = write!(
            json,
            r#"{{"device":{{"id":"{}","name":"NW-LT-{user:06x}","os":"Windows 11","managed":true}},"detail":"token refresh \"{}\" granted after backoff","session":"{session:016x}","riskScore":{score},"target":"{actor}","ip":"{ip}"}}"#,
            guid(user * 31, user * 17),
            ["ok", "retry", "denied"][random.below(3) as usize],
        );
        let correlation = guid(random.next(), random.next());
        let row = [verb[random.below(5) as usize], &actor, &ip, &correlation, &json];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.append_value(value));
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8View, true)).collect();
    let arrays: Vec<ArrayRef> = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap_or_else(|error| panic!("{error}"))
}

fn guid(high: u64, low: u64) -> String {
    let (high, low) = (Random(high).next(), Random(low).next());
    let (a, b, c) = (high >> 32, high >> 16 & 0xFFFF, high & 0xFFF);
    format!("{a:08x}-{b:04x}-4{c:03x}-a{:03x}-{:012x}", low >> 52, low & 0xFFFF_FFFF_FFFF)
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}
