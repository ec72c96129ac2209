//! Some seconds of fuzzing by a fixed seed, on every run of the tests. `FUZZ_MS=60000` makes it longer, `FUZZ_SEED=7`
//! takes other inputs. `make fuzz` fuzzes in earnest.

use fuzzing::{mutate::mutate, seeds, source_targets, target};
use std::time::{Duration, Instant};
use stdx::Rng;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Tries all seeds, then mutations of them until the time is over, and says which input fails.
fn burst(name: &str) {
    burst_for(name, setting("FUZZ_MS", 3_000));
}

fn burst_for(name: &str, ms: u64) {
    let body = target(name).unwrap_or_else(|| panic!("no target {name}"));
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty());
    let mut rng = Rng::from_seed(setting("FUZZ_SEED", 1));
    let duration = Duration::from_millis(ms);
    let began = Instant::now();
    let mut tried = 0_u64;
    let mut slowest = (Duration::ZERO, String::new());
    let pick = |rng: &mut Rng| seeds[rng.below(seeds.len() as u64) as usize].clone();
    while tried < seeds.len() as u64 || began.elapsed() < duration {
        let input = match seeds.get(tried as usize) {
            Some(seed) => seed.clone(),
            None => {
                let (seed, other) = (pick(&mut rng), pick(&mut rng));
                mutate(&seed, &other, &mut rng)
            }
        };
        tried += 1;
        let before = Instant::now();
        if std::panic::catch_unwind(|| body(input.as_bytes())).is_err() {
            panic!("{name} fails for {input:?}");
        }
        if before.elapsed() > slowest.0 {
            slowest = (before.elapsed(), input);
        }
    }
    println!(
        "{name}: {tried} inputs; the slowest took {:?}: {:?}",
        slowest.0,
        slowest.1.chars().take(200).collect::<String>()
    );
    assert!(slowest.0 < Duration::from_secs(10), "{name} takes {:?} for {:?}", slowest.0, slowest.1);
}

#[test]
fn lexer() {
    burst("lexer");
}

#[test]
fn parser() {
    burst("parser");
}

#[test]
fn binder() {
    burst("binder");
}

#[test]
fn json() {
    burst("json");
}

#[test]
fn delimited() {
    burst("delimited");
}

#[test]
fn timespan() {
    burst("timespan");
}

#[test]
fn prefer() {
    burst("prefer");
}

#[test]
fn collection_rule() {
    burst("collection-rule");
}

#[test]
fn suffixed() {
    burst("suffixed");
}

#[test]
fn commands() {
    burst("commands");
}

#[test]
fn signature() {
    burst("signature");
}

#[test]
fn syslog() {
    burst("syslog");
}

#[test]
fn mappings() {
    burst("mappings");
}

#[test]
fn records() {
    burst("records");
}

#[test]
fn otlp() {
    burst("otlp");
}

#[test]
fn hec_events() {
    burst("hec-events");
}

#[test]
fn elastic_bulk() {
    burst("elastic-bulk");
}

#[test]
fn kafka() {
    burst("kafka");
}

#[test]
fn loki_push() {
    burst("loki-push");
}

#[test]
fn log_formats() {
    for (name, _) in source_targets::ALL {
        burst_for(name, setting("FUZZ_MS", 200));
    }
}
