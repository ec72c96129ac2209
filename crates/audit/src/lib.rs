//! What is written down about those who ask and those who manage: one record for every query, also for those that are refused or
//! fail, and one before and after every act of management.
//!
//! Records of queries have the columns of Azure Monitor's `LAQueryLogs`, those of acts the columns of `AzureActivity`. Where they are
//! written to is behind [`AuditSink`] and [`ActivitySink`]: a query whose record cannot be written is not answered, and an act whose
//! beginning cannot be written is not done.

mod activity_record;
mod query_record;
mod sink;

pub use activity_record::{ActivityRecord, ActivityStatus, Operation};
pub use query_record::{QueryRecord, RecordKind};
pub use sink::{ActivitySink, AuditError, AuditSink};
