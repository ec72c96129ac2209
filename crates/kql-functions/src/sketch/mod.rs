//! Sketches: small summaries of many values that merge.
//!
//! [`hll`] estimates how many distinct values there are, [`tdigest`] which value stands at a rank. Both are exact while
//! they are small. The aggregation functions hold them as they are here; `hll()` and `tdigest()` give them out as
//! dynamic values, in formats that stay readable.

pub mod hll;
pub mod tdigest;
