//! `GET /resources/dlpSensitiveTypes`: names of types of sensitive information. No record here is judged by such types, so there are
//! none.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::Call;
use crate::feed::error::FeedError;
use crate::service::Service;

const TARGET: &str = "/activity/feed/resources/dlpSensitiveTypes";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let language = parts.headers.get(header::ACCEPT_LANGUAGE).map(|value| value.to_str().unwrap_or("?"));
    let done = check_language(language).map(|()| call.exchange.json(StatusCode::OK, &json!([])));
    Ok(call.answer(&service, done).await)
}

fn check_language(said: Option<&str>) -> Result<(), FeedError> {
    let Some(said) = said else { return Ok(()) };
    if said.contains(',') {
        return Err(FeedError::Languages);
    }
    let is_language = !said.is_empty() && said.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_language || said == "*" { Ok(()) } else { Err(FeedError::Language) }
}
