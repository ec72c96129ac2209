//! `PUT /v1/workspaces/{workspace}`: a workspace with a log of its own. Answers 201 with the key that its checkpoints are verified by,
//! 409 when there is one.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking};

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let principal = service.sign_in(&headers, Action::Manage, &workspace)?;
    let what = format!("create workspace {workspace}");
    service.record(&principal, &workspace, "PUT /v1/workspaces", what, 201).await?;
    let vault = service.api.vault.clone();
    let name = workspace.clone();
    let key = blocking(move || vault.create_workspace(&name)).await?.map_err(ApiError::Vault)?;
    let body = json!({ "workspace": workspace, "origin": key.name(), "key": key.to_string() });
    Ok((StatusCode::CREATED, Json(body)))
}
