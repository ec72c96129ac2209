//! What listens for others: connections, their encryption and their time limits, without what is said over them.

pub mod http;
pub mod syslog;
