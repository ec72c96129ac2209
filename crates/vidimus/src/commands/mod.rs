//! The subcommands, one file each.

pub mod check;
pub mod demo;
pub mod query;
pub mod schema;
pub mod shell;
pub mod witness;
