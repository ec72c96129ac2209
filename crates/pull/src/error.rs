//! Why nothing can be pulled.

use std::path::{Path, PathBuf};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error("cannot read or write `{path}`")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("`{path}` is no state of a source: {why}")]
    State { path: PathBuf, why: String },
    #[error("`{path}` is the state of another source, {found}")]
    OtherSource { path: PathBuf, found: String },
    #[error("another process follows this source: it holds `{path}`")]
    Held { path: PathBuf },
    #[error("`{text}` is no address of a source: {why}")]
    Url { text: String, why: String },
    #[error("`{pattern}` is no valid pattern: {why}")]
    Pattern { pattern: String, why: String },
    #[error("`{url}` would carry a secret unencrypted: use https")]
    Plain { url: String },
    #[error("the source sends us to `{url}`, which is on another host than `{root}`: a token is not carried there")]
    Elsewhere { url: String, root: String },
    #[error("{what}")]
    Secret { what: String },
    #[error("cannot ask `{url}`")]
    Unreachable { url: String, source: Box<ureq::Error> },
    #[error("`{url}` is busy for another {seconds} s")]
    Busy { url: String, seconds: u64 },
    #[error("`{url}` answers {status}{}", said(.code, .message))]
    Refused { url: String, status: u16, code: String, message: String },
    #[error("cannot ask the broker `{broker}`")]
    Broker { broker: String, source: std::io::Error },
    #[error("the broker `{broker}` refuses {what}: {why}")]
    BrokerRefuses { broker: String, what: String, why: String, is_temporary: bool },
    #[error("the answer of `{url}` is not what was asked for: {why}")]
    Answer { url: String, why: String },
    #[error("cannot read {name}")]
    Object { name: String, source: object_store::Error },
    #[error("no threads can be started")]
    Threads(#[source] std::io::Error),
    /// What was read could not be handed on.
    #[error("cannot deliver {label}")]
    Deliver { label: String, is_temporary: bool, source: Box<dyn std::error::Error + Send + Sync> },
}

/// Returns what a refusal said, as the end of a sentence.
fn said(code: &str, message: &str) -> String {
    match (code.is_empty(), message.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(": {message}"),
        (false, true) => format!(": {code}"),
        (false, false) => format!(": {code}, {message}"),
    }
}

impl PullError {
    /// Returns what tells of a failure with a file.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> PullError {
        move |source| PullError::Io { path: path.to_path_buf(), source }
    }

    /// Returns whether it may go away by itself, so that the next round may try again.
    pub fn is_temporary(&self) -> bool {
        match self {
            PullError::Unreachable { .. } | PullError::Busy { .. } | PullError::Answer { .. } => true,
            PullError::Broker { .. } => true,
            PullError::BrokerRefuses { is_temporary, .. } => *is_temporary,
            PullError::Refused { status, .. } => *status == 429 || *status >= 500,
            PullError::Object { source, .. } => !matches!(
                source,
                object_store::Error::PermissionDenied { .. }
                    | object_store::Error::Unauthenticated { .. }
                    | object_store::Error::UnknownConfigurationKey { .. }
            ),
            PullError::Deliver { is_temporary, .. } => *is_temporary,
            _ => false,
        }
    }
}
