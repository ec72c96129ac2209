//! What is written down about those who ask: one record for every query, also for those that are refused or fail.
//!
//! Records have the columns of Azure Monitor's `LAQueryLogs`. Where they are written to is behind [`AuditSink`]; a query
//! whose record cannot be written is not answered.

mod query_record;
mod sink;

pub use query_record::{QueryRecord, RecordKind};
pub use sink::{AuditError, AuditSink};
