//! The subcommands, one file each.

pub mod check;
pub mod demo;
pub mod query;
pub mod schema;
#[allow(dead_code, reason = "no command starts a server without a store")]
pub mod serve;
pub mod shell;
pub mod token;
