//! `GET /v1/workspaces/{workspace}`: its tables, its log and the keys that verify it.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::Service;

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    service.sign_in(&headers, Action::Read, &name)?;
    let vault = &service.api.vault;
    let workspace = vault.workspace(&name).ok_or(ApiError::Unknown { what: "workspace", name: name.clone() })?;
    let mut tables = Vec::new();
    for named in workspace.named_tables() {
        let table = &named.table;
        let status = table.status();
        let stored = || table.schema().iter().flat_map(|schema| schema.columns().to_vec()).collect();
        let columns = if named.view().is_some() { named.columns() } else { stored() };
        let columns: Vec<Value> =
            columns.iter().map(|column| json!({ "name": column.name, "type": column.ktype.name() })).collect();
        tables.push(json!({
            "name": named.name,
            "sealedAs": table.name(),
            "records": status.n_records,
            "recordsInMemory": status.n_hot_rows,
            "files": status.n_files,
            "fileBytes": status.file_bytes,
            "columns": columns,
        }));
    }
    let status = vault.status();
    let log = status.logs.get(&name).cloned().unwrap_or_default();
    let keys: Vec<String> =
        vault.keys(&name).map_err(|_| ApiError::Internal)?.iter().map(ToString::to_string).collect();
    let anchors = &service.api.anchors;
    let witnessed_size = anchors.witnesses.as_ref().and_then(|of| of.witnessed_sizes().get(&name).copied());
    let stamped_size = anchors.timestamps.as_ref().and_then(|of| Some(of.status().stamped.get(&name)?.0));
    Ok(Json(json!({
        "workspace": name,
        "id": service.api.directory.id(&name).map(|id| id.to_string()),
        "resourceId": service.api.directory.resource_id(&name),
        "keys": keys,
        "log": {
            "size": log.size,
            "publishedSize": log.published_size,
            "witnessedSize": witnessed_size,
            "stampedSize": stamped_size,
            "stopped": status.stopped.map(|stop| stop.to_string()),
        },
        "tables": tables,
    })))
}
