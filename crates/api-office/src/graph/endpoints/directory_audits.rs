//! `GET /auditLogs/directoryAudits` and `/auditLogs/directoryAudits/{id}`: what the directory changed.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::Call;
use crate::graph::resource::DIRECTORY_AUDIT;
use crate::service::Service;

const TARGET: &str = "/auditLogs/directoryAudits";

pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let done = super::list(&service, &call, &DIRECTORY_AUDIT).await;
    Ok(call.answer(&service, done).await)
}

pub(crate) async fn one(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let id = path.get("id").map(String::as_str).unwrap_or_default();
    let done = super::one(&service, &call, &DIRECTORY_AUDIT, id).await;
    Ok(call.answer(&service, done).await)
}
