//! Prints how fast blobs, files and keys are sealed: `cargo run --release -p keys --features parquet --example speed`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keys::{
    Cost, KeyBackend, KeyStore, Mode, Passphrase, PassphraseBackend, Purpose, Sealer, Surroundings, settle, stream,
};
use sequencer::storage::{Disk, Storage};
use stdx::{SystemClock, SystemEntropy};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("vidimus-keys-{}", std::process::id()));
    let result = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

fn measure(folder: &std::path::Path) -> Outcome<()> {
    let storage: Arc<dyn Storage> = Arc::new(Disk::open_private(folder)?);
    let entropy = Arc::new(SystemEntropy);
    let id = settle(storage.as_ref(), Mode::Encrypted, entropy.as_ref())?;
    let passphrase = Passphrase::new(b"correct horse battery staple".to_vec())?;
    let start = Instant::now();
    let backend = PassphraseBackend::create(
        storage.clone(),
        id.ok_or("a plain store")?,
        &passphrase,
        Cost::default(),
        entropy.clone(),
    )?;
    println!("root keys behind a passphrase: {:?}", start.elapsed());
    let backend = Arc::new(backend);
    let around =
        Surroundings { storage, backend: backend.clone(), former: Vec::new(), entropy, clock: Arc::new(SystemClock) };
    let (store, _) = KeyStore::open(around)?;
    for n in 0..100 {
        store.add_workspace(&format!("workspace-{n}"))?;
    }
    backend.rotate()?;
    let start = Instant::now();
    let summary = store.rewrap_all(|_| Ok(()))?;
    println!("rewrapping {} workspaces: {:?} each", summary.n_ok(), start.elapsed() / 100);
    let sealer = store.sealer("workspace-0")?;
    blobs(&sealer)?;
    files(&sealer)?;
    #[cfg(feature = "parquet")]
    parquet_files::measure(&sealer)?;
    Ok(())
}

/// Returns how long a call takes, the shortest of some.
fn shortest(n_times: u32, mut call: impl FnMut() -> Outcome<()>) -> Outcome<Duration> {
    let mut shortest = Duration::MAX;
    for _ in 0..n_times {
        let start = Instant::now();
        call()?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

fn blobs(sealer: &Sealer) -> Outcome<()> {
    for n_bytes in [64, 4096, 65_536, 1 << 20] {
        let plain = vec![7; n_bytes];
        let mut blob = plain.clone();
        let sealing = shortest(1000, || {
            blob.clear();
            blob.extend_from_slice(&plain);
            Ok(sealer.seal(Purpose::Wal, "wal/SigninLogs/1", &mut blob)?)
        })?;
        let mut opened = Vec::new();
        let opening = shortest(1000, || {
            opened.clear();
            opened.extend_from_slice(&blob);
            Ok(sealer.open(Purpose::Wal, "wal/SigninLogs/1", &mut opened)?)
        })?;
        println!("blob of {n_bytes} bytes: sealed in {sealing:?}, opened in {opening:?}");
    }
    Ok(())
}

/// Counts bytes, so that it is sealing that is measured and not memory.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn files(sealer: &Sealer) -> Outcome<()> {
    const N_BYTES: u64 = 64 << 20;
    const RANGE: u64 = 1 << 20;
    let plain = vec![7; RANGE as usize];
    let write = |writer: &mut dyn Write| (0..N_BYTES / RANGE).try_for_each(|_| writer.write_all(&plain));
    let sealing = shortest(10, || {
        let mut writer = sealer.seal_stream(Purpose::Extents, "1", stream::CHUNK_BYTES, Counter(0))?;
        write(&mut writer)?;
        writer.finish()?;
        Ok(())
    })?;
    let mut writer = sealer.seal_stream(Purpose::Extents, "1", stream::CHUNK_BYTES, Vec::new())?;
    write(&mut writer)?;
    let file = writer.finish()?;
    let read = |range: std::ops::Range<u64>| {
        let bytes = file.get(range.start as usize..range.end as usize);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    };
    let sealed = sealer.open_stream(Purpose::Extents, "1", file.len() as u64, read)?;
    let opening = shortest(10, || {
        for start in (0..N_BYTES).step_by(RANGE as usize) {
            sealed.read(start..start + RANGE, read)?;
        }
        Ok(())
    })?;
    let one = shortest(1000, || Ok(sealed.read(RANGE..RANGE + 100, read).map(drop)?))?;
    let rate = |took: Duration| N_BYTES as f64 / took.as_secs_f64() / 1e9;
    println!("file: sealed {:.2} GB/s, read by 1 MiB {:.2} GB/s, 100 bytes in {one:?}", rate(sealing), rate(opening));
    println!("file of {N_BYTES} bytes: {} bytes more", file.len() as u64 - N_BYTES);
    Ok(())
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use keys::{Purpose, Sealer, stream};
    use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
    use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::encryption::encrypt::FileEncryptionProperties;
    use parquet::file::properties::WriterProperties;

    use super::{Outcome, shortest};

    const OBJECT: &str = "1.parquet";
    const N_ROWS: i64 = 500_000;

    fn rows() -> Outcome<RecordBatch> {
        let hash = |n: i64| (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let text = |f: &dyn Fn(i64) -> String| Arc::new(StringArray::from_iter_values((0..N_ROWS).map(f))) as ArrayRef;
        let mut columns: Vec<(String, ArrayRef)> = vec![
            (
                "TimeGenerated".to_string(),
                Arc::new(Int64Array::from_iter_values((0..N_ROWS).map(|n| n * 1000 + n % 7))),
            ),
            ("CorrelationId".to_string(), text(&|n| format!("{:016x}", hash(n)))),
            ("UserPrincipalName".to_string(), text(&|n| format!("user-{}@contoso.com", hash(n) % 5000))),
            ("IPAddress".to_string(), text(&|n| format!("203.0.{}.{}", hash(n) % 250, hash(n + 1) % 250))),
        ];
        for n in 0..16 {
            let of = move |row: i64| format!("value-{}", hash(row * 16 + n) % 40);
            columns.push((format!("Column{n}"), text(&of)));
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    fn write(rows: &RecordBatch, encryption: Option<Arc<FileEncryptionProperties>>) -> Outcome<Vec<u8>> {
        let mut builder = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
        if let Some(encryption) = encryption {
            builder = builder.with_file_encryption_properties(encryption);
        }
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(builder.build()))?;
        writer.write(rows)?;
        writer.close()?;
        Ok(file)
    }

    fn read(file: &bytes::Bytes, options: ArrowReaderOptions) -> Outcome<()> {
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), options)?.build()?;
        for batch in reader {
            batch?;
        }
        Ok(())
    }

    pub fn measure(sealer: &Sealer) -> Outcome<()> {
        let rows = rows()?;
        let schema = ArrowSchemaConverter::new().convert(&rows.schema())?;
        for name in ["plain", "one key", "key by column"] {
            let encryption = || -> Outcome<_> {
                Ok(match name {
                    "plain" => None,
                    "one key" => Some(sealer.parquet_encryption(OBJECT)?),
                    _ => Some(sealer.parquet_encryption_by_column(OBJECT, &schema)?),
                })
            };
            let mut file = Vec::new();
            let writing = shortest(20, || {
                file = write(&rows, encryption()?)?;
                Ok(())
            })?;
            let n_bytes = file.len();
            let file = bytes::Bytes::from(file);
            let reading = shortest(20, || {
                let options = ArrowReaderOptions::new();
                let decryption = sealer.parquet_decryption(OBJECT)?;
                read(&file, if name == "plain" { options } else { options.with_file_decryption_properties(decryption) })
            })?;
            println!("Parquet, {N_ROWS} rows, {name}: {n_bytes} bytes, written in {writing:?}, read in {reading:?}");
        }
        let plain = write(&rows, None)?;
        let mut sealed = Vec::new();
        let sealing = shortest(20, || {
            let mut writer = sealer.seal_stream(Purpose::Extents, OBJECT, stream::CHUNK_BYTES, Vec::new())?;
            std::io::Write::write_all(&mut writer, &plain)?;
            sealed = writer.finish()?;
            Ok(())
        })?;
        println!("the plain file sealed as a stream: {} bytes, {sealing:?} more", sealed.len());
        Ok(())
    }
}
