//! Where records are written to.

use crate::{ActivityRecord, QueryRecord, SignInRecord};
use futures::future::BoxFuture;

/// Takes records. When [`AuditSink::record`] succeeds the record is kept as safely as any other.
pub trait AuditSink: Send + Sync {
    /// Writes a record of a query.
    ///
    /// # Errors
    /// When it is not certain that the record is kept.
    fn record(&self, record: QueryRecord) -> BoxFuture<'_, Result<(), AuditError>>;
}

/// Takes records of acts of management.
pub trait ActivitySink: Send + Sync {
    /// Writes a record of an act, as safely as [`AuditSink::record`].
    ///
    /// # Errors
    /// When it is not certain that the record is kept.
    fn record(&self, record: ActivityRecord) -> BoxFuture<'_, Result<(), AuditError>>;
}

/// Takes records of sign-ins.
pub trait SignInSink: Send + Sync {
    /// Writes a record of a sign-in, as safely as [`AuditSink::record`].
    ///
    /// # Errors
    /// When it is not certain that the record is kept.
    fn record(&self, record: SignInRecord) -> BoxFuture<'_, Result<(), AuditError>>;
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
#[error("an audit record cannot be written")]
pub struct AuditError {
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl AuditError {
    /// Makes an error of its cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> AuditError {
        AuditError { cause: cause.into() }
    }
}
