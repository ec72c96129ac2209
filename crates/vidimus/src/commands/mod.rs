//! The subcommands, one file each.

pub mod app;
pub mod backup;
pub mod check;
pub mod demo;
pub mod erase;
pub mod export;
pub mod hold;
pub mod import;
pub mod keys;
pub mod prove;
pub mod pull;
pub mod purge;
pub mod query;
pub mod read_columns;
pub mod restore;
pub mod retention;
pub mod rule;
pub mod schema;
pub mod serve;
pub mod shared_key;
pub mod shell;
pub mod sources;
pub mod tail;
pub mod token;
pub mod verify;
pub mod witness;
