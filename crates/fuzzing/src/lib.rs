//! What must hold for every input, as plain functions that panic when it does not, and inputs to try them with.
//!
//! ```text
//! fuzz/fuzz_targets/<target>.rs ─ libFuzzer, nightly, as long as one likes ─┐
//!                                                                           ├─► targets::<target>(bytes)
//! tests/burst.rs ─ seeds, mutated by a fixed seed, stable, seconds ─────────┘
//! ```

pub mod mutate;
pub mod seeds;
pub mod targets;
