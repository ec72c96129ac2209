//! The subcommands, one file each.

pub mod check;
pub mod demo;
pub mod export;
pub mod import;
pub mod prove;
pub mod query;
pub mod schema;
pub mod serve;
pub mod shell;
pub mod token;
pub mod verify;
pub mod witness;
