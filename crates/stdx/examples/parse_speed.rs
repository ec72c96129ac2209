//! What it costs to parse bytes as JSON and do nothing with them, on one core: `cargo run --release -p stdx --example parse_speed --
//! FILE...`, each a body of JSON, one value or several. What takes records in is compared with it.

use serde_json::{Deserializer, Value};
use std::time::{Duration, Instant};

/// How long each file is parsed again and again.
const AT_LEAST: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let body = std::fs::read(&path)?;
        let (begun, mut n_rounds, mut n_values) = (Instant::now(), 0_u32, 0_usize);
        while begun.elapsed() < AT_LEAST {
            n_values = 0;
            for value in Deserializer::from_slice(&body).into_iter::<Value>() {
                std::hint::black_box(value?);
                n_values += 1;
            }
            n_rounds += 1;
        }
        let seconds = begun.elapsed().as_secs_f64() / f64::from(n_rounds);
        println!("{path}\t{n_values}\t{}\t{seconds}", body.len());
    }
    Ok(())
}
