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
    #[error("the parameter `{name}` is missing")]
    Missing { name: &'static str },
    #[error("the parameter `{name}` has to be of the type {expected}")]
    Type { name: &'static str, expected: &'static str },
    #[error("the tenant `{tenant}` in the address is no guid, and no workspace's name")]
    NoGuid { tenant: String },
    #[error("there is no such content type")]
    ContentType,
    #[error(
        "the webhook `{address}` cannot be used, because this server sends no notifications: start the subscription without one, and list its content"
    )]
    Webhook { address: String },
    #[error("there is no subscription to the content type")]
    NoSubscription,
    #[error("the subscription is enabled already, and stays as it is")]
    AlreadyEnabled,
    #[error("`startTime` and `endTime` are given both or not at all, and are 24 hours apart at most")]
    TimeRange,
    #[error("`startTime` has to be before `endTime`, and no more than 7 days ago")]
    StartTime,
    #[error("`{text}` leads to no next page")]
    NextPage { text: String },
    #[error("there is no content `{id}`")]
    NoContent { id: String },
    #[error("the content `{id}` has expired: it can be had for 7 days")]
    Expired { id: String },
    #[error("`{id}` is no id of content")]
    ContentId { id: String },
    #[error("the header `Accept-Language` may name one language")]
    Languages,
    #[error("the header `Accept-Language` names no language")]
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
                Fault::NoRole { .. } => (S::FORBIDDEN, "AF10001", None),
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

    /// Returns what clients read: nothing of what went wrong inside.
    fn message(&self, exchange: &Exchange) -> String {
        match self {
            FeedError::Fault(Fault::Throttled { .. } | Fault::Busy { .. }) => {
                let publisher = exchange.context.iter().find(|(name, _)| name == "PublisherIdentifier");
                format!("{self}; PublisherId={}", publisher.map_or("", |(_, value)| value))
            }
            FeedError::Fault(Fault::Database(_) | Fault::Query(_) | Fault::Kept | Fault::Internal) => {
                "an internal error occurred; try again".to_string()
            }
            other => other.to_string(),
        }
    }
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
