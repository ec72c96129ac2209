//! The endpoints, one file each.

pub mod collect_data;
pub mod collection_rules;
pub mod shared_keys;
pub mod upload_logs;
