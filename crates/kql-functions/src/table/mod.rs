//! Kernels of tabular operators that look at values rather than at plans: whole arrays in, whole arrays out.
//!
//! Each is prepared once per query from what the operator says, which is where what the user got wrong is found, and then
//! run over batches, or, where it must see all rows, over whole columns. What rows are repeated or kept is said by their
//! positions, for the caller to take the other columns by.

pub mod make_series;
pub mod mv_expand;
pub mod parse;
pub mod parse_kv;
pub mod reduce;
mod typed;
