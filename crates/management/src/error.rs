//! Why a command is not done.

use audit::AuditError;
use ingest::{ActError, ChangeError, IngestError, VaultError};
use kql::{Diagnostic, Span};
use kusto_ingestion::IngestionError;
use lifecycle::LifecycleError;
use query::QueryError;

/// Why a command is not done.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The text is wrong, or that of a query in it; places are bytes of the whole text.
    #[error("the command cannot be understood")]
    Wrong(Vec<Diagnostic>),
    #[error("there is no {kind} `{name}`")]
    Unknown { kind: &'static str, name: String },
    #[error("there is a {kind} `{name}` already")]
    Exists { kind: &'static str, name: String },
    #[error("the token may not do this in the database `{database}`: it needs leave to {needs}")]
    Forbidden { database: String, needs: &'static str },
    /// It is not done, and trying again is of no use.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("the database `{database}` cannot be read now")]
    Unavailable { database: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// The store is full or slow, and will be able later.
    #[error("{why}")]
    Busy { why: String },
    #[error("the act cannot be written down, and is not done")]
    NotRecorded(#[source] AuditError),
    #[error("the store cannot do it now")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("internal error: {0}")]
    Internal(String),
}

impl CommandError {
    /// Makes an error of a command's text.
    pub fn syntax(span: Span, message: impl Into<String>) -> CommandError {
        CommandError::Wrong(vec![Diagnostic::syntax("VQ020", span, message)])
    }

    /// Makes an error of what stands at a place.
    pub fn semantic(span: Span, message: impl Into<String>) -> CommandError {
        CommandError::Wrong(vec![Diagnostic::semantic("VQ020", span, message)])
    }

    /// Makes the error of a table that is not there.
    pub fn no_table(name: &str) -> CommandError {
        CommandError::Unknown { kind: "table", name: name.to_string() }
    }
}

impl From<ChangeError> for CommandError {
    fn from(error: ChangeError) -> CommandError {
        match error {
            ChangeError::Act(error) => error.into(),
            ChangeError::Ingest(error) => error.into(),
        }
    }
}

impl From<ActError> for CommandError {
    fn from(error: ActError) -> CommandError {
        match error {
            ActError::Lifecycle(LifecycleError::Entity(entities::EntityError::Unknown { kind, name })) => {
                CommandError::Unknown { kind, name }
            }
            ActError::Lifecycle(LifecycleError::Entity(entities::EntityError::Exists { kind, name })) => {
                CommandError::Exists { kind, name }
            }
            ActError::Lifecycle(error) => CommandError::Refused(error.to_string()),
            ActError::UnknownTable { name } => CommandError::Unknown { kind: "table", name },
            ActError::UnknownWorkspace { name } => CommandError::Unknown { kind: "database", name },
            error => CommandError::Store(Box::new(error)),
        }
    }
}

impl From<IngestError> for CommandError {
    fn from(error: IngestError) -> CommandError {
        match error {
            IngestError::UnknownTable { name, .. } => CommandError::Unknown { kind: "table", name },
            IngestError::UnknownWorkspace { name } => CommandError::Unknown { kind: "database", name },
            error @ IngestError::Busy { .. } => CommandError::Busy { why: error.to_string() },
            error @ (IngestError::Schema(_) | IngestError::OwnTable { .. } | IngestError::TableName { .. }) => {
                CommandError::Refused(stdx::error_chain(&error))
            }
            IngestError::Act(error) => (*error).into(),
            error => CommandError::Store(Box::new(error)),
        }
    }
}

impl From<IngestionError> for CommandError {
    fn from(error: IngestionError) -> CommandError {
        match error {
            IngestionError::Store(error) => error.into(),
            IngestionError::UnknownMapping { name, .. } => CommandError::Unknown { kind: "mapping", name },
            error @ IngestionError::Busy { .. } => CommandError::Busy { why: error.to_string() },
            error if error.is_permanent() => CommandError::Refused(stdx::error_chain(&error)),
            error => CommandError::Store(Box::new(error)),
        }
    }
}

impl From<VaultError> for CommandError {
    fn from(error: VaultError) -> CommandError {
        CommandError::Store(Box::new(error))
    }
}
