//! `POST` and `GET /v1/workspaces/{workspace}/query`, and the same under the workspace's address in Azure's resource manager: a query
//! over a workspace, by its id or its name.

use super::{Scope, answer_get, answer_post};
use crate::question::Wire;
use crate::service::Service;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use std::collections::HashMap;
use std::sync::Arc;

const TARGET: &str = "/v1/workspaces/query";

/// Answers a query in the body: `{"query", "timespan", "workspaces"}`.
pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Response {
    answer_post(service, request, TARGET, Scope::Workspace(workspace)).await
}

/// Answers a query in the address: `?query=...&timespan=...&workspaces=...`.
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
) -> Response {
    answer_get(service, wire, request, TARGET, Scope::Workspace(workspace)).await
}

/// As [`post`], under the resource manager's address.
pub(crate) async fn post_arm(
    State(service): State<Arc<Service>>,
    Path(parts): Path<HashMap<String, String>>,
    request: Request,
) -> Response {
    answer_post(service, request, TARGET, workspace_of(parts)).await
}

/// As [`get`], under the resource manager's address.
pub(crate) async fn get_arm(
    State(service): State<Arc<Service>>,
    Path(parts): Path<HashMap<String, String>>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
) -> Response {
    answer_get(service, wire, request, TARGET, workspace_of(parts)).await
}

fn workspace_of(mut parts: HashMap<String, String>) -> Scope {
    Scope::Workspace(parts.remove("workspace").unwrap_or_default())
}
