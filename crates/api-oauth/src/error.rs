//! Why nobody is signed in, and how clients are told.
//!
//! # Source
//! RFC 6749, section 5.2; the numbers in front of descriptions are those of "Microsoft Entra authentication and authorization error codes",
//! which clients look for.

use auth::SignInError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use listeners::http::BodyError;
use serde_json::json;

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum OAuthError {
    Missing(&'static str),
    UnsupportedGrant,
    Unsupported(&'static str),
    Body(BodyError),
    SignIn(SignInError),
    /// Too many wrong secrets; for how many seconds to wait.
    Wait(i64),
    /// That somebody signs in cannot be written down.
    NotRecorded,
    Internal,
}

impl OAuthError {
    /// Returns the code of the protocol.
    pub fn code(&self) -> &'static str {
        match self {
            OAuthError::Missing(_) | OAuthError::Unsupported(_) | OAuthError::Body(_) => "invalid_request",
            OAuthError::UnsupportedGrant => "unsupported_grant_type",
            OAuthError::SignIn(SignInError::Unavailable(_)) | OAuthError::Wait(_) | OAuthError::NotRecorded => {
                "temporarily_unavailable"
            }
            OAuthError::SignIn(_) => "invalid_client",
            OAuthError::Internal => "server_error",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            OAuthError::Missing(_) | OAuthError::UnsupportedGrant | OAuthError::Unsupported(_) => {
                StatusCode::BAD_REQUEST
            }
            OAuthError::Body(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            OAuthError::Body(BodyError::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            OAuthError::Body(_) => StatusCode::BAD_REQUEST,
            OAuthError::SignIn(SignInError::Unavailable(_)) | OAuthError::NotRecorded => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            OAuthError::SignIn(_) => StatusCode::UNAUTHORIZED,
            OAuthError::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            OAuthError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns what is wrong, with its number.
    pub fn description(&self) -> (u32, String) {
        match self {
            OAuthError::Missing(name) => (900_144, format!("the request has no `{name}`")),
            OAuthError::UnsupportedGrant => {
                (70_003, "applications sign in by `client_credentials`, and nobody else signs in here".to_string())
            }
            OAuthError::Unsupported(what) => (50_027, format!("{what} are not supported")),
            OAuthError::Body(error) => (90_014, error.to_string()),
            OAuthError::SignIn(error @ SignInError::Invalid) => (7_000_215, error.to_string()),
            OAuthError::SignIn(error @ SignInError::Expired) => (7_000_222, error.to_string()),
            OAuthError::SignIn(error) => (90_033, error.to_string()),
            OAuthError::Wait(seconds) => (50_196, format!("too many wrong secrets; try again in {seconds} seconds")),
            OAuthError::NotRecorded => {
                (90_033, "the sign-in cannot be written into the audit log, and is refused".to_string())
            }
            OAuthError::Internal => (90_033, "internal error".to_string()),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        self.with_correlation(&uuid::Uuid::new_v4().to_string())
    }
}

impl OAuthError {
    /// Returns the answer, under an id by which it is found among the records.
    pub fn with_correlation(self, correlation_id: &str) -> Response {
        let (number, description) = self.description();
        let body = json!({
            "error": self.code(),
            "error_description": format!("AADSTS{number}: {description}"),
            "error_codes": [number],
            "correlation_id": correlation_id,
        });
        let status = self.status();
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"vidimus\""));
        }
        match self {
            OAuthError::Wait(seconds) => headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds)),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"))
            }
            _ => None,
        };
        response
    }
}
