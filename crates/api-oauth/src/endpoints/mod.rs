//! The endpoints, one file each.

pub mod describe_provider;
pub mod issue_token;
