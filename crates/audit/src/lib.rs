//! What is written down about those who ask and those who manage: one record for every query, also for those that are refused or
//! fail, and one before and after every act of management. One too for every application that signs in, or tries to.
//!
//! Records of queries have the columns of Azure Monitor's `LAQueryLogs`, those of acts the columns of `AzureActivity`, those of sign-ins the
//! columns of `AADServicePrincipalSignInLogs`. Where they are written to is behind [`AuditSink`], [`ActivitySink`] and [`SignInSink`]: a
//! query whose record cannot be written is not answered, an act whose beginning cannot be written is not done, and nobody is signed in.

mod activity_record;
mod query_record;
mod sign_in_record;
mod sink;

pub use activity_record::{ActivityRecord, ActivityStatus, Operation};
pub use query_record::{QueryRecord, RecordKind};
pub use sign_in_record::SignInRecord;
pub use sink::{ActivitySink, AuditError, AuditSink, SignInSink};
