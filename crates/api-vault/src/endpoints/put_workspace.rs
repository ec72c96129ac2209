//! `PUT /v1/workspaces/{workspace}`: a workspace with a log of its own. Answers 201 with the key that its checkpoints are verified by,
//! 409 when there is one.

use std::sync::Arc;

use audit::Operation;
use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking};

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (parts, _) = request.into_parts();
    let principal = service.sign_in(&parts.headers, Action::Manage, &workspace)?;
    let resource = format!("workspaces/{workspace}");
    let record = service.activity(&parts, &principal, Operation::CreateWorkspace, resource, Vec::new());
    let (vault, name) = (service.api.vault.clone(), workspace.clone());
    let work = async { blocking(move || vault.create_workspace(&name)).await?.map_err(ApiError::Vault) };
    let key = service.act(record, work).await?;
    let body = json!({ "workspace": workspace, "origin": key.name(), "key": key.to_string() });
    Ok((StatusCode::CREATED, Json(body)))
}
