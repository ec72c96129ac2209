//! `POST /dataCollectionRules/{immutable id}/streams/{stream}`: records of a stream, as a JSON array. Answers 204 when they are taken.
//!
//! Sent again under the same `x-ms-client-request-id` with the same records, an upload is not taken twice.
//!
//! # Source
//! Azure Monitor documentation, "Logs Ingestion API".

use std::sync::Arc;

use auth::Action;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use collection::{BYTES_MAX, CollectError};
use serde::Deserialize;

use crate::error::ApiError;
use crate::service::{Service, blocking, media_type, taken, with_rejected};

const REQUEST_ID: &str = "x-ms-client-request-id";
const REQUEST_ID_BYTES_MAX: usize = 256;
/// What a body of records may have besides them: of records of two bytes, what stands between them is as much again.
const BODY_BYTES_MAX: usize = 3 * BYTES_MAX;
const VERSIONS: [&str; 2] = ["2023-01-01", "2021-11-01-preview"];

#[derive(Deserialize)]
pub(crate) struct Address {
    #[serde(rename = "api-version")]
    version: Option<String>,
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((rule, stream)): Path<(String, String)>,
    Query(address): Query<Address>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let unknown = || ApiError::Collect(CollectError::UnknownRule { id: rule.clone() });
    let rule = service.api.collector.rules.get(&rule).ok_or_else(unknown)?;
    let workspaces = service.api.collector.rules.workspaces(&rule).map_err(ApiError::Rule)?;
    service.check(&principal, Action::Ingest, &workspaces)?;
    check_version(address.version.as_deref())?;
    if media_type(&parts.headers).is_none_or(|media| media != "application/json") {
        return Err(ApiError::ContentType);
    }
    let now = service.api.clock.now_ticks();
    let max = service.api.limits.rule_per_minute;
    let throttled = |seconds| ApiError::Throttled { seconds };
    service.rate.count(&rule.immutable_id, now, (1, 0), max).map_err(throttled)?;
    let place = service.place()?;
    let body = service.body(body, &parts.headers, BODY_BYTES_MAX).await?;
    service.rate.count(&rule.immutable_id, now, (0, body.len() as u64), max).map_err(throttled)?;
    let name = parts.headers.get(REQUEST_ID).and_then(|name| name.to_str().ok());
    let name = name.filter(|name| !name.is_empty() && name.len() <= REQUEST_ID_BYTES_MAX).map(str::to_string);
    let collector = service.api.collector.clone();
    let collected = blocking(move || collector.collect(&rule, &stream, &body, name.as_deref())).await?;
    let collected = collected.map_err(ApiError::Collect)?;
    drop(place);
    let rejected = taken(collected.pending).await.map_err(|error| ApiError::Collect(CollectError::Ingest(error)))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(with_rejected(response, rejected))
}

fn check_version(version: Option<&str>) -> Result<(), ApiError> {
    match version {
        None => Err(ApiError::Malformed {
            code: "MissingApiVersionParameter",
            message: "the address has no `api-version`".to_string(),
        }),
        Some(version) if VERSIONS.contains(&version) => Ok(()),
        Some(version) => Err(ApiError::Malformed {
            code: "InvalidApiVersionParameter",
            message: format!("the api-version `{version}` is none of {}", VERSIONS.join(", ")),
        }),
    }
}
