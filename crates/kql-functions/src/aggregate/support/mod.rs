//! What the aggregation functions are built of.
//!
//! - [`per_group`]: an accumulator from a fold over one small state per group; most functions are such folds.
//! - [`counts`], [`sums`], [`extremes`], [`moments`], [`bits`]: folds over numbers.
//! - [`sketches`], [`digests`]: the folds of `dcount` and `percentile` and of what they are stored as.
//! - [`schemas`]: the fold of `buildschema`.
//! - [`pieces`]: bytes of all groups in one buffer, under [`lists`] (`make_list`, `make_set`, `make_bag`) and
//!   [`distinct`] (`count_distinct`).
//! - [`rows`]: one chosen row per group, under [`best_row`] (`arg_max`) and [`any_row`] (`take_any`).
//! - [`constants`]: arguments that must be constants.
//! - `harness`: runs an accumulator in one pass and in parts, for tests.

pub mod any_row;
pub mod best_row;
pub mod bits;
pub mod constants;
pub mod counts;
pub mod digests;
pub mod distinct;
pub mod extremes;
#[cfg(test)]
pub mod harness;
pub mod interner;
pub mod lists;
pub mod moments;
pub mod per_group;
pub mod pieces;
pub mod rows;
pub mod schemas;
pub mod sketches;
pub mod sums;
