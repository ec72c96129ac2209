//! Why a request gets no result, and how its sender is told.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingest::{ActError, IngestError, ProveError, VaultError};
use lifecycle::LifecycleError;
use listeners::http::BodyError;
use sequencer::SubmitError;
use serde_json::{Value, json};

/// After how long a request that waits for witnesses may be sent again: it has waited already.
const WITNESS_RETRY_SECONDS: u64 = 1;

/// Why a request gets no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    NotSignedIn(#[source] auth::AuthError),
    #[error("the token may not {what} in the workspace `{workspace}`")]
    Forbidden { what: &'static str, workspace: String },
    #[error("{0}")]
    Body(#[source] BodyError),
    #[error("{0}")]
    Malformed(String),
    #[error("there is no {what} `{name}`")]
    Unknown { what: &'static str, name: String },
    #[error("the bytes are of no log format that is known: name the format instead of `auto`")]
    Unrecognised,
    #[error("the log's records are more than {max} bytes: send it in parts")]
    Expands { max: usize },
    #[error("{max} requests are being worked on already")]
    Crowded { max: usize },
    #[error("{0}")]
    Ingest(#[source] IngestError),
    #[error("{0}")]
    Vault(#[source] VaultError),
    #[error("{0}")]
    Prove(#[source] ProveError),
    #[error("{0}")]
    Act(#[source] ActError),
    /// They are as safe as they are without witnesses; the answer names their receipts.
    #[error("the records are taken, durable and signed for, but {why}; {}", sent_again(*.is_named))]
    NotWitnessed { why: String, is_named: bool, answer: Box<Value> },
    #[error("the request cannot be written into the audit log, and is refused")]
    NotRecorded,
    #[error("internal error")]
    Internal,
}

fn sent_again(is_named: bool) -> &'static str {
    if is_named {
        "sent again under its name, the request goes on waiting, and nothing is taken twice"
    } else {
        "the request has no `x-ms-client-request-id`: sent again, its records would be taken twice"
    }
}

impl ApiError {
    /// Returns the HTTP status, the code for programs, and after how many seconds it may be tried again.
    pub fn parts(&self) -> (StatusCode, &'static str, Option<u64>) {
        use StatusCode as S;
        match self {
            ApiError::NotSignedIn(auth::AuthError::Unavailable(_)) => (S::SERVICE_UNAVAILABLE, "Unavailable", Some(5)),
            ApiError::NotSignedIn(_) => (S::UNAUTHORIZED, "NotSignedIn", None),
            ApiError::Forbidden { .. } => (S::FORBIDDEN, "Forbidden", None),
            ApiError::Body(BodyError::TooLarge { .. }) => (S::PAYLOAD_TOO_LARGE, "TooLarge", None),
            ApiError::Body(BodyError::TooSlow) => (S::REQUEST_TIMEOUT, "TooSlow", None),
            ApiError::Body(_) | ApiError::Malformed(_) => (S::BAD_REQUEST, "Malformed", None),
            ApiError::Unrecognised => (S::BAD_REQUEST, "Unrecognised", None),
            ApiError::Expands { .. } => (S::PAYLOAD_TOO_LARGE, "TooLarge", None),
            ApiError::Unknown { .. } => (S::NOT_FOUND, "NotFound", None),
            ApiError::Crowded { .. } => (S::TOO_MANY_REQUESTS, "Busy", Some(1)),
            ApiError::Ingest(error) => match error {
                IngestError::UnknownWorkspace { .. } | IngestError::UnknownTable { .. } => {
                    (S::NOT_FOUND, "NotFound", None)
                }
                IngestError::OwnTable { .. } => (S::FORBIDDEN, "Forbidden", None),
                IngestError::TableName { .. } | IngestError::Schema(_) => (S::BAD_REQUEST, "Malformed", None),
                IngestError::Busy { retry_after_ms, .. } => {
                    (S::TOO_MANY_REQUESTS, "Busy", Some(retry_after_ms.div_ceil(1000).max(1)))
                }
                IngestError::Submit(SubmitError::RequestReused) => (S::CONFLICT, "RequestReused", None),
                IngestError::Submit(SubmitError::TooLarge { .. }) => (S::PAYLOAD_TOO_LARGE, "TooLarge", None),
                IngestError::Submit(_) => (S::SERVICE_UNAVAILABLE, "Stopped", Some(30)),
                _ => (S::INTERNAL_SERVER_ERROR, "Internal", None),
            },
            ApiError::Vault(error) => match error {
                VaultError::WorkspaceExists { .. } => (S::CONFLICT, "Exists", None),
                VaultError::WorkspaceName { .. } => (S::BAD_REQUEST, "Malformed", None),
                VaultError::UnknownWorkspace { .. } | VaultError::UnknownTable { .. } => {
                    (S::NOT_FOUND, "NotFound", None)
                }
                _ => (S::INTERNAL_SERVER_ERROR, "Internal", None),
            },
            ApiError::Prove(error) => match error {
                ProveError::UnknownWorkspace { .. } | ProveError::UnknownTable { .. } => {
                    (S::NOT_FOUND, "NotFound", None)
                }
                ProveError::UnknownColumn { .. }
                | ProveError::UnknownEntry { .. }
                | ProveError::UnknownPosition { .. }
                | ProveError::UnknownRecords { .. }
                | ProveError::Nothing
                | ProveError::TooMany { .. } => (S::BAD_REQUEST, "Malformed", None),
                ProveError::Expired { .. } => (S::GONE, "Expired", None),
                ProveError::NotPublished { .. } => (S::SERVICE_UNAVAILABLE, "NotPublished", Some(1)),
                _ => (S::INTERNAL_SERVER_ERROR, "Damaged", None),
            },
            ApiError::Act(error) => match error {
                ActError::UnknownWorkspace { .. } | ActError::UnknownTable { .. } => (S::NOT_FOUND, "NotFound", None),
                ActError::Lifecycle(LifecycleError::HoldExists(_)) => (S::CONFLICT, "Exists", None),
                ActError::Lifecycle(LifecycleError::NoHold(_)) => (S::NOT_FOUND, "NotFound", None),
                ActError::Held { .. } => (S::CONFLICT, "Held", None),
                ActError::Unreadable { .. } => (S::CONFLICT, "Unreadable", None),
                ActError::Vault(VaultError::NotSealed { .. }) => (S::SERVICE_UNAVAILABLE, "NotSealed", Some(5)),
                ActError::Vault(_) => (S::INTERNAL_SERVER_ERROR, "Internal", None),
                _ => (S::BAD_REQUEST, "Malformed", None),
            },
            ApiError::NotWitnessed { is_named, .. } => {
                (S::SERVICE_UNAVAILABLE, "NotWitnessed", is_named.then_some(WITNESS_RETRY_SECONDS))
            }
            ApiError::NotRecorded => (S::SERVICE_UNAVAILABLE, "NotRecorded", Some(5)),
            ApiError::Internal => (S::INTERNAL_SERVER_ERROR, "Internal", None),
        }
    }

    /// Returns what is wrong with all its causes, for the sender.
    pub fn message(&self) -> String {
        let mut text = self.to_string();
        // The first cause is what the error itself says.
        let mut cause = std::error::Error::source(self).and_then(std::error::Error::source);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, retry_after) = self.parts();
        let mut body = json!({ "error": { "code": code, "message": self.message() } });
        if let (ApiError::NotWitnessed { answer, .. }, Some(members)) = (self, body.as_object_mut())
            && let Value::Object(answer) = *answer
        {
            members.extend(answer);
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
