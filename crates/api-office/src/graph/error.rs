//! Why a request of Graph's gets no answer, and how its clients are told:
//! `{"error":{"code","message","innerError":{"date","request-id","client-request-id"}}}`.
//!
//! # Source
//! Microsoft Graph documentation, "Microsoft Graph error responses and resource types".

use auth::AuthError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use crate::exchange::Exchange;
use crate::fault::{Fault, Refusal};
use crate::row::time_without_zone;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    BadRequest(String),
    #[error(
        "the token may read several workspaces: name one by the header `x-vidimus-workspace`, or by the address `/v1/workspaces/NAME/graph/...`"
    )]
    Ambiguous,
    #[error("the token may read no workspace")]
    NoWorkspace,
    #[error("there is no object '{id}'")]
    NotFound { id: String },
    #[error("{max} queries are kept already; they are forgotten after 30 days")]
    TooManySearches { max: usize },
}

impl GraphError {
    /// Makes the error of a request that is none.
    pub fn bad(message: impl Into<String>) -> GraphError {
        GraphError::BadRequest(message.into())
    }

    /// Returns the status, the code for programs, and after how many seconds the request may be sent again.
    fn parts(&self) -> (StatusCode, &'static str, Option<u64>) {
        use StatusCode as S;
        match self {
            GraphError::Fault(fault) => match fault {
                Fault::NotSignedIn(AuthError::Unavailable(_)) | Fault::NotRecorded => {
                    (S::SERVICE_UNAVAILABLE, "serviceNotAvailable", Some(1))
                }
                Fault::NotSignedIn(_) => (S::UNAUTHORIZED, "InvalidAuthenticationToken", None),
                Fault::Forbidden { .. } | Fault::NoRole { .. } => (S::FORBIDDEN, "Authorization_RequestDenied", None),
                Fault::UnknownWorkspace { .. } => (S::NOT_FOUND, "Request_ResourceNotFound", None),
                Fault::Throttled { seconds } => (S::TOO_MANY_REQUESTS, "TooManyRequests", Some(*seconds)),
                Fault::Busy { .. } => (S::TOO_MANY_REQUESTS, "TooManyRequests", Some(1)),
                Fault::TooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", None),
                Fault::TooSlow => (S::REQUEST_TIMEOUT, "RequestTimeout", None),
                Fault::Query(query::QueryError::Timeout { .. }) => (S::GATEWAY_TIMEOUT, "UnknownError", None),
                _ => (S::INTERNAL_SERVER_ERROR, "generalException", None),
            },
            GraphError::BadRequest(_) | GraphError::Ambiguous => (S::BAD_REQUEST, "BadRequest", None),
            GraphError::NoWorkspace => (S::FORBIDDEN, "Authorization_RequestDenied", None),
            GraphError::NotFound { .. } => (S::NOT_FOUND, "Request_ResourceNotFound", None),
            GraphError::TooManySearches { .. } => (S::TOO_MANY_REQUESTS, "TooManyRequests", Some(3600)),
        }
    }
}

impl Refusal for GraphError {
    fn status(&self) -> u16 {
        self.parts().0.as_u16()
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            GraphError::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    fn response(&self, exchange: &Exchange) -> Response {
        let (status, code, retry_after) = self.parts();
        let client = exchange.client_request_id.as_ref().unwrap_or(&exchange.activity_id);
        let body = json!({ "error": {
            "code": code,
            "message": self.to_string(),
            "innerError": {
                "date": time_without_zone(exchange.received),
                "request-id": exchange.activity_id,
                "client-request-id": client,
            },
        } });
        let mut response = exchange.json(status, &body);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
