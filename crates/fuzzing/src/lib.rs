//! What must hold for every input, as plain functions that panic when it does not, and inputs to try them with.
//!
//! ```text
//! fuzz/fuzz_targets/<target>.rs ─ libFuzzer, as long as one likes ─┐
//!                                                                  ├─► targets::<target>(bytes)
//! tests/burst.rs ─ seeds, mutated by a fixed seed, seconds ────────┘
//! ```

pub mod mutate;
pub mod seeds;
pub mod source_targets;
pub mod targets;

/// Returns a target's body.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    let mut all = targets::ALL.iter().chain(source_targets::ALL);
    all.find(|(target, _)| *target == name).map(|(_, body)| *body)
}
