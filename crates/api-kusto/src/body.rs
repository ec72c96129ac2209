//! The body of a request, and what Kusto's clients are told when it is not taken.

use crate::Limits;
use crate::error::ApiError;
use axum::body::Body;
use axum::http::HeaderMap;
use listeners::http::{BodyError, BodyLimits, read_body};

/// Reads a body, unpacking it where it is packed.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limits: &Limits) -> Result<Vec<u8>, ApiError> {
    let limits = BodyLimits { bytes_max: limits.body_bytes_max, timeout: limits.body_timeout };
    read_body(body, headers, limits).await.map_err(|error| match error {
        BodyError::TooLarge { max } => ApiError::TooLarge { max },
        BodyError::TooSlow => ApiError::TooSlow,
        other => ApiError::Malformed(other.to_string()),
    })
}
