//! The Kusto Query Language: text → tokens → syntax tree → bound, typed plan.
pub mod signature;
