//! Why a request is refused, as its sender is told: `google.rpc.Status`, in HTTP's answers and behind those of gRPC. What may be sent
//! again says when.
//!
//! # Source
//! "OTLP specification", Failures (retryable and not) and Throttling, of OTLP/gRPC and OTLP/HTTP; `google/rpc/{status,error_details}.proto`.

use auth::AuthError;
use axum::http::StatusCode;
use ingest::IngestError;
use listeners::http::BodyError;
use prost::Message as _;
use serde_json::json;

use super::wire::EnvelopeError;
use crate::error::of_ingest;
use crate::whose::WhoseError;

/// Codes of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error(transparent)]
    NotSignedIn(AuthError),
    #[error(transparent)]
    Whose(WhoseError),
    #[error("the body has to be `application/x-protobuf` or `application/json`")]
    ContentType,
    #[error(transparent)]
    Body(BodyError),
    #[error(transparent)]
    Envelope(EnvelopeError),
    /// What gRPC says of its own frames.
    #[error("{0}")]
    Frame(&'static str),
    #[error("messages may be packed by gzip only")]
    Packed,
    #[error("there is no such method")]
    NoMethod,
    #[error("{max} requests are being worked on already")]
    Crowded { max: usize },
    #[error(transparent)]
    Ingest(IngestError),
    #[error("internal error")]
    Internal,
}

/// How a refusal is told.
pub struct Told {
    pub status: StatusCode,
    pub code: Code,
    /// After how many seconds the request may be sent again; `None` for never as it is.
    pub retry_after_s: Option<u64>,
}

impl OtlpError {
    pub fn told(&self) -> Told {
        use StatusCode as S;
        let (status, code, retry_after_s) = match self {
            OtlpError::NotSignedIn(AuthError::Unavailable(_)) => (S::SERVICE_UNAVAILABLE, Code::Unavailable, Some(5)),
            OtlpError::NotSignedIn(_) => (S::UNAUTHORIZED, Code::Unauthenticated, None),
            OtlpError::Whose(WhoseError::Forbidden { .. } | WhoseError::Nowhere) => {
                (S::FORBIDDEN, Code::PermissionDenied, None)
            }
            OtlpError::Whose(WhoseError::Unknown { .. }) => (S::NOT_FOUND, Code::NotFound, None),
            OtlpError::Whose(WhoseError::Ambiguous { .. }) => (S::BAD_REQUEST, Code::InvalidArgument, None),
            OtlpError::ContentType => (S::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, None),
            // Without a time to wait, a client of gRPC takes that for what will never do.
            OtlpError::Body(BodyError::TooLarge { .. }) => (S::PAYLOAD_TOO_LARGE, Code::ResourceExhausted, None),
            OtlpError::Body(BodyError::TooSlow) => (S::REQUEST_TIMEOUT, Code::DeadlineExceeded, None),
            OtlpError::Envelope(EnvelopeError::TooMany { .. } | EnvelopeError::TooLarge { .. }) => {
                (S::PAYLOAD_TOO_LARGE, Code::ResourceExhausted, None)
            }
            OtlpError::Body(_) | OtlpError::Envelope(_) | OtlpError::Frame(_) => {
                (S::BAD_REQUEST, Code::InvalidArgument, None)
            }
            OtlpError::Packed | OtlpError::NoMethod => (S::NOT_IMPLEMENTED, Code::Unimplemented, None),
            OtlpError::Crowded { .. } => (S::TOO_MANY_REQUESTS, Code::ResourceExhausted, Some(1)),
            OtlpError::Ingest(error) => {
                let (status, retry) = of_ingest(error);
                let code = match status {
                    S::TOO_MANY_REQUESTS | S::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
                    S::SERVICE_UNAVAILABLE => Code::Unavailable,
                    S::FORBIDDEN => Code::PermissionDenied,
                    S::NOT_FOUND => Code::NotFound,
                    S::BAD_REQUEST => Code::InvalidArgument,
                    _ => Code::Internal,
                };
                (status, code, retry)
            }
            OtlpError::Internal => (S::INTERNAL_SERVER_ERROR, Code::Internal, None),
        };
        Told { status, code, retry_after_s }
    }

    /// Returns what is wrong, with all causes.
    pub fn message(&self) -> String {
        stdx::error_chain(self)
    }

    /// Returns the refusal as a message in protobuf.
    pub fn to_protobuf(&self) -> Vec<u8> {
        let told = self.told();
        let retry = told.retry_after_s.map(|seconds| Any {
            type_url: RETRY_INFO.to_string(),
            value: RetryInfo { retry_delay: Some(Duration { seconds: i64::try_from(seconds).unwrap_or(i64::MAX) }) }
                .encode_to_vec(),
        });
        let status = Status { code: told.code as i32, message: self.message(), details: retry.into_iter().collect() };
        status.encode_to_vec()
    }

    /// Returns the refusal as a message in JSON.
    pub fn to_json(&self) -> String {
        let told = self.told();
        let mut status = json!({ "code": told.code as i32, "message": self.message() });
        if let (Some(seconds), Some(status)) = (told.retry_after_s, status.as_object_mut()) {
            let retry = json!([{ "@type": RETRY_INFO, "retryDelay": format!("{seconds}s") }]);
            status.insert("details".to_string(), retry);
        }
        status.to_string()
    }
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Duration>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Duration {
    #[prost(int64, tag = "1")]
    seconds: i64,
}
