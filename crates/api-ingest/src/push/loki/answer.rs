//! Loki's errors: a status and a text.

use auth::AuthError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::push::sender::Refused;
use crate::whose::WhoseError;

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    text: String,
    retry_after: Option<u64>,
}

impl Problem {
    /// Says that a request is none.
    pub(super) fn bad(text: &str) -> Problem {
        Problem { status: StatusCode::BAD_REQUEST, text: text.to_string(), retry_after: None }
    }

    /// Returns what an error of ours is here.
    pub(super) fn of(error: &ApiError) -> Problem {
        let (status, _, retry_after) = error.parts();
        Problem { status, text: error.message(), retry_after }
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Problem {
        Problem::of(&error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let status = match &refused {
            Refused::SignIn(AuthError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Scheme | Refused::SignIn(_) => StatusCode::UNAUTHORIZED,
            Refused::Workspace(WhoseError::Forbidden { .. } | WhoseError::Nowhere) => StatusCode::FORBIDDEN,
            Refused::Workspace(WhoseError::Unknown { .. }) => StatusCode::NOT_FOUND,
            Refused::Workspace(WhoseError::Ambiguous { .. }) => StatusCode::BAD_REQUEST,
        };
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        Problem { status, text: refused.to_string(), retry_after }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        let mut response = (self.status, kind, format!("{}\n", self.text)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"vidimus\", Bearer realm=\"vidimus\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
