//! `GET /auditLogs/signIns` and `/auditLogs/signIns/{id}`: who signed in.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::Call;
use crate::graph::resource::SIGN_IN;
use crate::service::Service;

const TARGET: &str = "/auditLogs/signIns";

pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &path, TARGET).await?;
    let done = super::list(&service, &call, &SIGN_IN).await;
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
    let done = super::one(&service, &call, &SIGN_IN, id).await;
    Ok(call.answer(&service, done).await)
}
