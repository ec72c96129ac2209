//! Tests of whole indexes: built from arrays, opened from bytes, asked.

#![expect(clippy::unwrap_used, reason = "tests")]

mod builder;
mod damage;
mod model;
mod soundness;
