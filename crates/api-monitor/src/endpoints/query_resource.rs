//! `POST` and `GET /v1/{resource id}/query`: a query over what the workspaces have about a resource, or about a resource group or
//! subscription. A workspace's own resource id asks the workspace.

use super::{Scope, answer_get, answer_post};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::question::Wire;
use crate::service::Service;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use std::sync::Arc;
use workspaces::resource_name;

const TARGET: &str = "/v1/resources/query";

pub(crate) async fn post(State(service): State<Arc<Service>>, Path(path): Path<String>, request: Request) -> Response {
    match scope(&path) {
        Some(scope) => answer_post(service, request, TARGET, scope).await,
        None => no_such_path(&service, request).await,
    }
}

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
) -> Response {
    match scope(&path) {
        Some(scope) => answer_get(service, wire, request, TARGET, scope).await,
        None => no_such_path(&service, request).await,
    }
}

/// Returns what the path behind `/v1/subscriptions/` is about; `None` when it asks no query.
fn scope(path: &str) -> Option<Scope> {
    let id = path.trim_end_matches('/').strip_suffix("/query")?;
    let id = format!("/subscriptions/{id}");
    Some(match resource_name(&id) {
        Some(name) => Scope::Workspace(name.to_string()),
        None => Scope::Resource(id),
    })
}

async fn no_such_path(service: &Service, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), TARGET);
    let error = service.sign_in(&mut exchange, &parts.headers).err().unwrap_or(ApiError::UnknownPath);
    service.refuse(&exchange, error).await
}
