//! `GET /v1/workspaces/{workspace}/sharedKeys`, and `PUT` and `DELETE /v1/workspaces/{workspace}/sharedKeys/{primary or secondary}` with
//! `{"key"}` or nothing: the keys by which requests of the HTTP Data Collector API are signed. That they are shown is an act, too.

use std::collections::HashMap;
use std::sync::Arc;

use audit::Operation;
use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use workspaces::KeySlot;

use crate::error::ApiError;
use crate::service::{Service, blocking};

/// Bytes of a body at most.
const BODY_BYTES_MAX: usize = 4 << 10;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Given {
    key: Option<String>,
}

pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    show(&service, &workspace, request).await
}

/// As [`list`], under the workspace's address in Azure's resource manager.
pub(crate) async fn list_arm(
    State(service): State<Arc<Service>>,
    Path(address): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    show(&service, address.get("workspace").map(String::as_str).unwrap_or_default(), request).await
}

async fn show(service: &Arc<Service>, workspace: &str, request: Request) -> Result<Json<Value>, ApiError> {
    let (parts, _) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let name = find(service, workspace)?;
    service.check(&principal, Action::Manage, std::slice::from_ref(&name))?;
    let resource = format!("workspaces/{name}/sharedKeys");
    let record = service.activity(&parts, &principal, Operation::ListSharedKeys, resource, Vec::new());
    let keys = service.api.keys.clone();
    let work = async { blocking(move || keys.of(&name)).await?.map_err(ApiError::Workspace) };
    let keys = service.act(record, work).await?;
    let key = |slot: KeySlot| keys.iter().find(|key| key.slot == slot).map(|key| key.expose().to_string());
    Ok(Json(json!({ "primarySharedKey": key(KeySlot::Primary), "secondarySharedKey": key(KeySlot::Secondary) })))
}

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path((workspace, slot)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let name = find(&service, &workspace)?;
    service.check(&principal, Action::Manage, std::slice::from_ref(&name))?;
    let slot = KeySlot::from_name(&slot).map_err(ApiError::Workspace)?;
    let body = service.body(body, &parts.headers, BODY_BYTES_MAX).await?;
    let given = match body.as_slice() {
        [] => Given::default(),
        body => serde_json::from_slice(body)
            .map_err(|error| ApiError::Malformed { code: "InvalidPayload", message: error.to_string() })?,
    };
    let origin = if given.key.is_some() { "given" } else { "made here" };
    let properties = vec![("origin".to_string(), origin.to_string())];
    let resource = format!("workspaces/{name}/sharedKeys/{}", slot.name());
    let record = service.activity(&parts, &principal, Operation::SetSharedKey, resource, properties);
    let keys = service.api.keys.clone();
    let work =
        async { blocking(move || keys.set(&name, slot, given.key.as_deref())).await?.map_err(ApiError::Workspace) };
    let key = service.act(record, work).await?;
    Ok(Json(json!({ "slot": slot.name(), "key": key.expose().as_str() })))
}

pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    Path((workspace, slot)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let (parts, _) = request.into_parts();
    let principal = service.sign_in(&parts.headers)?;
    let name = find(&service, &workspace)?;
    service.check(&principal, Action::Manage, std::slice::from_ref(&name))?;
    let slot = KeySlot::from_name(&slot).map_err(ApiError::Workspace)?;
    let resource = format!("workspaces/{name}/sharedKeys/{}", slot.name());
    let record = service.activity(&parts, &principal, Operation::RemoveSharedKey, resource, Vec::new());
    let keys = service.api.keys.clone();
    let work = async { blocking(move || keys.remove(&name, slot)).await?.map_err(ApiError::Workspace) };
    let was_there = service.act(record, work).await?;
    Ok(if was_there { StatusCode::OK } else { StatusCode::NO_CONTENT })
}

fn find(service: &Service, text: &str) -> Result<String, ApiError> {
    let unknown = || ApiError::Unknown { what: "workspace", name: text.to_string() };
    service.api.directory.find(text).ok_or_else(unknown)
}
