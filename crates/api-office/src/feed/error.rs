//! Why a request of the Management Activity API gets no answer, and how its clients are told: `{"error":{"code","message"}}`.
//!
//! # Source
//! "Office 365 Management Activity API reference", "Errors".

use auth::AuthError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use crate::exchange::Exchange;
use crate::fault::{Fault, Refusal};

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("Missing parameter: {name}.")]
    Missing { name: &'static str },
    #[error("Invalid parameter type: {name}. Expected type: {expected}")]
    Type { name: &'static str, expected: &'static str },
    #[error("The tenant ID passed in the URL ({tenant}) is not a valid GUID.")]
    NoGuid { tenant: String },
    #[error("The specified content type is not valid.")]
    ContentType,
    #[error("The webhook endpoint ({address}) could not be validated. This server sends no notifications: start the subscription without a webhook and list its content.")]
    Webhook { address: String },
    #[error("No subscription found for the specified content type.")]
    NoSubscription,
    #[error("The subscription is already enabled. No property change.")]
    AlreadyEnabled,
    #[error("Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time no more than 7 days in the past.")]
    TimeRange,
    #[error("Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the past.")]
    StartTime,
    #[error("Invalid nextPage Input: {text}.")]
    NextPage { text: String },
    #[error("The specified content ({id}) does not exist.")]
    NoContent { id: String },
    #[error("Content requested with the key {id} has already expired. Content older than 7 days cannot be retrieved.")]
    Expired { id: String },
    #[error("Content ID {id} in the URL is invalid.")]
    ContentId { id: String },
    #[error("Only one language may be present in the Accept-Language header.")]
    Languages,
    #[error("Invalid syntax in Accept-Language header.")]
    Language,
}

impl FeedError {
    /// Returns the status, the code for programs, and after how many seconds the request may be sent again.
    fn parts(&self) -> (StatusCode, &'static str, Option<u64>) {
        use StatusCode as S;
        let bad = |code| (S::BAD_REQUEST, code, None);
        match self {
            FeedError::Fault(fault) => match fault {
                Fault::NotSignedIn(AuthError::Unavailable(_)) | Fault::NotRecorded => {
                    (S::SERVICE_UNAVAILABLE, "AF50000", Some(1))
                }
                Fault::NotSignedIn(_) => (S::UNAUTHORIZED, "AF10001", None),
                Fault::Forbidden { .. } => (S::FORBIDDEN, "AF20010", None),
                Fault::UnknownWorkspace { .. } => bad("AF20011"),
                Fault::Throttled { seconds } => (S::TOO_MANY_REQUESTS, "AF429", Some(*seconds)),
                Fault::Busy { .. } => (S::TOO_MANY_REQUESTS, "AF429", Some(1)),
                Fault::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "AF20002", None),
                Fault::TooSlow => (S::REQUEST_TIMEOUT, "AF20002", None),
                Fault::Database(_) | Fault::Query(_) | Fault::TooMuch { .. } | Fault::Kept | Fault::Internal => {
                    (S::INTERNAL_SERVER_ERROR, "AF50000", None)
                }
            },
            FeedError::Missing { .. } => bad("AF20001"),
            FeedError::Type { .. } => bad("AF20002"),
            FeedError::NoGuid { .. } => bad("AF20013"),
            FeedError::ContentType => bad("AF20020"),
            FeedError::Webhook { .. } => bad("AF20021"),
            FeedError::NoSubscription => bad("AF20022"),
            FeedError::AlreadyEnabled => bad("AF20024"),
            FeedError::TimeRange => bad("AF20030"),
            FeedError::StartTime => bad("AF20055"),
            FeedError::NextPage { .. } => bad("AF20031"),
            FeedError::NoContent { .. } => bad("AF20050"),
            FeedError::Expired { .. } => bad("AF20051"),
            FeedError::ContentId { .. } => bad("AF20052"),
            FeedError::Languages => bad("AF20053"),
            FeedError::Language => bad("AF20054"),
        }
    }

    /// Returns what clients read: Microsoft's words where it has them, and nothing of what went wrong inside.
    fn message(&self, exchange: &Exchange) -> String {
        match self {
            FeedError::Fault(Fault::NotSignedIn(error)) => {
                format!("The permission set () sent in the request did not include the expected permission ActivityFeed.Read: {error}.")
            }
            FeedError::Fault(Fault::Forbidden { workspace }) => {
                format!("The tenant ID passed in the URL ({workspace}) does not match a tenant that the access token may read.")
            }
            FeedError::Fault(Fault::UnknownWorkspace { workspace }) => {
                format!("Specified tenant ID ({workspace}) does not exist in the system or has been deleted.")
            }
            FeedError::Fault(Fault::Throttled { .. } | Fault::Busy { .. }) => {
                format!("Too many requests. Method={}, PublisherId={}", exchange.target, publisher(exchange))
            }
            FeedError::Fault(Fault::Database(_) | Fault::Query(_) | Fault::Kept | Fault::Internal | Fault::NotRecorded) => {
                "An internal error occurred. Retry the request.".to_string()
            }
            other => other.to_string(),
        }
    }
}

fn publisher(exchange: &Exchange) -> &str {
    exchange.context.iter().find(|(name, _)| name == "PublisherIdentifier").map_or("", |(_, value)| value)
}

impl Refusal for FeedError {
    fn status(&self) -> u16 {
        self.parts().0.as_u16()
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            FeedError::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    fn response(&self, exchange: &Exchange) -> Response {
        let (status, code, retry_after) = self.parts();
        let body = json!({ "error": { "code": code, "message": self.message(exchange) } });
        let mut response = exchange.json(status, &body);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
