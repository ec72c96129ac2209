//! The endpoints, one file each.

pub mod erase_cells;
pub mod holds;
pub mod prove_records;
pub mod purge_records;
pub mod put_table;
pub mod put_workspace;
pub mod quarantine_records;
pub mod read_log;
pub mod retention;
pub mod show_status;
pub mod show_workspace;
pub mod upload_records;
pub mod upload_source;
