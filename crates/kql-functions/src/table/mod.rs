//! Kernels of tabular operators that look at values rather than at plans: whole arrays in, whole arrays out.

pub mod mv_expand;
pub mod parse;
pub mod parse_kv;
