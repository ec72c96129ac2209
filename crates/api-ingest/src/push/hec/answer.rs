//! The collector's answers: `{"text", "code"}`, the code being Splunk's own, and `detail` where there is more to say.

use auth::AuthError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use listeners::http::BodyError;
use serde_json::json;

use crate::error::ApiError;
use crate::push::sender::Refused;
use crate::whose::WhoseError;

/// Codes, the statuses that they go with, and what Splunk says.
const CODES: [(u8, StatusCode, &str); 17] = [
    (2, StatusCode::UNAUTHORIZED, "Token is required"),
    (3, StatusCode::UNAUTHORIZED, "Invalid authorization"),
    (4, StatusCode::FORBIDDEN, "Invalid token"),
    (5, StatusCode::BAD_REQUEST, "No data"),
    (6, StatusCode::BAD_REQUEST, "Invalid data format"),
    (7, StatusCode::BAD_REQUEST, "Incorrect index"),
    (8, StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    (9, StatusCode::SERVICE_UNAVAILABLE, "Server is busy"),
    (10, StatusCode::BAD_REQUEST, "Data channel is missing"),
    (11, StatusCode::BAD_REQUEST, "Invalid data channel"),
    (12, StatusCode::BAD_REQUEST, "Event field is required"),
    (13, StatusCode::BAD_REQUEST, "Event field cannot be blank"),
    (14, StatusCode::BAD_REQUEST, "ACK is disabled"),
    (15, StatusCode::BAD_REQUEST, "Error in handling indexed fields"),
    (16, StatusCode::BAD_REQUEST, "Query string authorization is not enabled"),
    (17, StatusCode::OK, "HEC is healthy"),
    (18, StatusCode::SERVICE_UNAVAILABLE, "HEC is unhealthy, queues are full"),
];

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: u8,
    /// Where it is not the code's own.
    status: Option<StatusCode>,
    detail: String,
    event: Option<usize>,
    retry_after: Option<u64>,
}

/// Makes an answer; `detail` is what there is to say besides.
pub(super) fn problem(code: u8, detail: &str) -> Problem {
    Problem { code, status: None, detail: detail.to_string(), event: None, retry_after: None }
}

impl Problem {
    /// Says which event it is about.
    pub(super) fn at(self, event: usize) -> Problem {
        Problem { event: Some(event), ..self }
    }

    /// Returns what an error of ours is here.
    pub(super) fn of(error: &ApiError) -> Problem {
        let (status, _, retry_after) = error.parts();
        let detail = error.message();
        let (code, status) = match (error, status) {
            (ApiError::Body(BodyError::TooLarge { .. } | BodyError::TooSlow), status) => (6, Some(status)),
            (ApiError::Crowded { .. } | ApiError::Throttled { .. } | ApiError::NotRecorded, _) => (9, None),
            (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => (9, None),
            (ApiError::Ingest(_), status) if status.is_client_error() => (7, Some(status)),
            (_, status) if status.is_client_error() => (6, Some(status)),
            _ => (8, None),
        };
        let retry_after = if code == 9 { retry_after.or(Some(1)) } else { None };
        Problem { code, status, detail, event: None, retry_after }
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Problem {
        Problem::of(&error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let detail = refused.to_string();
        match refused {
            Refused::Scheme => problem(3, &detail),
            Refused::SignIn(AuthError::Missing) => problem(2, ""),
            Refused::SignIn(AuthError::Unavailable(_)) => Problem { retry_after: Some(5), ..problem(9, &detail) },
            Refused::SignIn(_) => problem(4, &detail),
            Refused::Workspace(WhoseError::Forbidden { .. } | WhoseError::Nowhere) => problem(4, &detail),
            Refused::Workspace(_) => problem(7, &detail),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let known = CODES.iter().find(|(code, ..)| *code == self.code);
        let (status, text) =
            known.map_or((StatusCode::INTERNAL_SERVER_ERROR, ""), |(_, status, text)| (*status, *text));
        let mut answer = json!({ "text": text, "code": self.code });
        if let Some(members) = answer.as_object_mut() {
            if let Some(event) = self.event {
                members.insert("invalid-event-number".to_string(), json!(event));
            }
            if !self.detail.is_empty() {
                members.insert("detail".to_string(), json!(self.detail));
            }
        }
        let mut response = (self.status.unwrap_or(status), Json(answer)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
