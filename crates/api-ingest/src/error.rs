//! Why a request gets no result, and how its sender is told: `{"error":{"code","message"}}`.

use auth::AuthError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use collection::{CollectError, RuleError};
use ingest::IngestError;
use listeners::http::BodyError;
use sequencer::SubmitError;
use serde_json::json;
use workspaces::WorkspaceError;

/// Why a request gets no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    NotSignedIn(#[source] AuthError),
    #[error("the token may not {what}")]
    Forbidden { what: String },
    #[error("{0}")]
    Body(#[source] BodyError),
    #[error("the body has to be JSON: `Content-Type: application/json`")]
    ContentType,
    #[error("{message}")]
    Malformed { code: &'static str, message: String },
    #[error("{0}")]
    Collect(#[source] CollectError),
    #[error("{0}")]
    Rule(#[source] RuleError),
    #[error("{0}")]
    Ingest(#[source] IngestError),
    #[error("{0}")]
    Workspace(#[source] WorkspaceError),
    #[error("there is no {what} `{name}`")]
    Unknown { what: &'static str, name: String },
    #[error("{max} requests are being worked on already")]
    Crowded { max: usize },
    #[error("too much in this minute; try again in {seconds} s")]
    Throttled { seconds: u64 },
    #[error("the request cannot be written into the audit log, and is refused")]
    NotRecorded,
    #[error("internal error")]
    Internal,
}

/// Returns the status of an error of the store, and after how many seconds the request may be sent again.
pub(crate) fn of_ingest(error: &IngestError) -> (StatusCode, Option<u64>) {
    match error {
        IngestError::Busy { retry_after_ms, .. } => {
            (StatusCode::TOO_MANY_REQUESTS, Some(retry_after_ms.div_ceil(1000).max(1)))
        }
        IngestError::UnknownWorkspace { .. } | IngestError::UnknownTable { .. } => (StatusCode::NOT_FOUND, None),
        IngestError::OwnTable { .. } => (StatusCode::FORBIDDEN, None),
        IngestError::TableName { .. } | IngestError::Schema(_) => (StatusCode::BAD_REQUEST, None),
        IngestError::Submit(SubmitError::TooLarge { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, None),
        IngestError::Submit(_) => (StatusCode::SERVICE_UNAVAILABLE, Some(30)),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

impl ApiError {
    /// Returns the HTTP status, the code for programs, and after how many seconds it may be tried again.
    pub fn parts(&self) -> (StatusCode, &'static str, Option<u64>) {
        use StatusCode as S;
        match self {
            ApiError::NotSignedIn(AuthError::Missing) => (S::UNAUTHORIZED, "AuthenticationFailed", None),
            ApiError::NotSignedIn(AuthError::Unavailable(_)) => (S::SERVICE_UNAVAILABLE, "ServiceUnavailable", Some(5)),
            ApiError::NotSignedIn(_) => (S::UNAUTHORIZED, "InvalidAuthenticationToken", None),
            ApiError::Forbidden { .. } => (S::FORBIDDEN, "AuthorizationFailed", None),
            ApiError::Body(BodyError::TooLarge { .. }) => (S::PAYLOAD_TOO_LARGE, "ContentLengthLimitExceeded", None),
            ApiError::Body(BodyError::TooSlow) => (S::REQUEST_TIMEOUT, "RequestTimeout", None),
            ApiError::Body(_) => (S::BAD_REQUEST, "InvalidContentEncoding", None),
            ApiError::ContentType => (S::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", None),
            ApiError::Malformed { code, .. } => (S::BAD_REQUEST, code, None),
            ApiError::Collect(error) => match error {
                CollectError::UnknownRule { .. } => (S::NOT_FOUND, "NotFound", None),
                CollectError::UnknownStream { .. } => (S::BAD_REQUEST, "InvalidStream", None),
                CollectError::Malformed(_) => (S::BAD_REQUEST, "InvalidPayload", None),
                CollectError::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "ContentLengthLimitExceeded", None),
                CollectError::UnknownWorkspace { .. } => (S::NOT_FOUND, "WorkspaceNotFound", None),
                CollectError::Rule(_) => (S::CONFLICT, "InvalidDataCollectionRule", None),
                CollectError::Transform(_) => (S::BAD_REQUEST, "TransformationFailed", None),
                CollectError::Ingest(error) => match of_ingest(error) {
                    (status, retry) if status == S::TOO_MANY_REQUESTS => (status, "TooManyRequests", retry),
                    (status, retry) if status == S::SERVICE_UNAVAILABLE => (status, "ServiceUnavailable", retry),
                    (status, retry) if status.is_client_error() => (status, "IngestionFailed", retry),
                    (status, retry) => (status, "InternalServerError", retry),
                },
                _ => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
            },
            ApiError::Rule(error) => match error {
                RuleError::Changed { .. } => (S::CONFLICT, "Conflict", None),
                RuleError::Unknown { .. } => (S::NOT_FOUND, "ResourceNotFound", None),
                RuleError::Transform { .. } => (S::BAD_REQUEST, "InvalidTransformQuery", None),
                RuleError::NoTime { .. } | RuleError::NoColumn { .. } | RuleError::OtherType { .. } => {
                    (S::BAD_REQUEST, "InvalidTransformOutput", None)
                }
                RuleError::Io(_) | RuleError::Damaged { .. } => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
                _ => (S::BAD_REQUEST, "InvalidPayload", None),
            },
            ApiError::Ingest(error) => {
                let (status, retry) = of_ingest(error);
                (status, "IngestionFailed", retry)
            }
            ApiError::Workspace(error) => match error {
                WorkspaceError::UnknownWorkspace { .. } => (S::NOT_FOUND, "WorkspaceNotFound", None),
                WorkspaceError::NoKey { .. } | WorkspaceError::UnknownSlot { .. } => {
                    (S::BAD_REQUEST, "InvalidPayload", None)
                }
                _ => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
            },
            ApiError::Unknown { .. } => (S::NOT_FOUND, "ResourceNotFound", None),
            ApiError::Crowded { .. } => (S::TOO_MANY_REQUESTS, "TooManyRequests", Some(1)),
            ApiError::Throttled { seconds } => (S::TOO_MANY_REQUESTS, "TooManyRequests", Some(*seconds)),
            ApiError::NotRecorded => (S::SERVICE_UNAVAILABLE, "ServiceUnavailable", Some(5)),
            ApiError::Internal => (S::INTERNAL_SERVER_ERROR, "InternalServerError", None),
        }
    }

    /// Returns what is wrong with all its causes, for the sender.
    pub fn message(&self) -> String {
        let mut text = self.to_string();
        // The first cause is what the error itself says.
        let mut cause = std::error::Error::source(self).and_then(std::error::Error::source);
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        text
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, retry_after) = self.parts();
        let mut response =
            (status, Json(json!({ "error": { "code": code, "message": self.message() } }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"vidimus\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
