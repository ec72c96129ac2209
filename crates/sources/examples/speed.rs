//! Records and bytes a second of every log format, over its fixtures again and again, on one core: `cargo run --release -p sources
//! --example speed`.

use sources::{Context, Output};
use std::path::Path;
use std::time::Instant;

/// Bytes that are read of each format.
const BYTES: usize = 64 << 20;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for source in sources::ALL {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(root.join(source.name))? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "golden") {
                files.push((path.display().to_string(), std::fs::read(&path)?));
            }
        }
        let (mut n_bytes, mut n_records) = (0, 0);
        let begun = Instant::now();
        while n_bytes < BYTES {
            for (path, bytes) in &files {
                let mut parser = (source.parser)(&Context { path: path.clone(), now: 639_000_000_000_000_000 });
                let mut out = Output::default();
                parser.push(bytes, &mut out);
                parser.finish(&mut out);
                n_bytes += bytes.len();
                n_records += out.counts.taken;
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let mib = n_bytes as f64 / seconds / f64::from(1 << 20);
        println!("{:<20} {:>10.0} records/s {mib:>8.1} MiB/s", source.name, n_records as f64 / seconds);
    }
    Ok(())
}
