//! `GET` and `PUT /v1/workspaces/{workspace}/tables/{table}/retention` with `{"retentionInDays", "totalRetentionInDays", "reason"}`: how long
//! the table's records are kept. A change is sealed in the workspace's log.

use std::sync::Arc;

use audit::Operation;
use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use lifecycle::{Document, Retention};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::acts::Act;
use crate::error::ApiError;
use crate::service::{Service, blocking};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    retention_in_days: Option<u32>,
    #[serde(default)]
    total_retention_in_days: Option<u32>,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    service.sign_in(&headers, Action::Read, &workspace)?;
    // Whoever does an act has the rules until it is done.
    let vault = service.api.vault.clone();
    let of_name = vault.workspace(&workspace).and_then(|workspace| workspace.find_table(&table));
    let stored = of_name.map_or(table.clone(), |table| table.name().to_string());
    let rules = blocking(move || vault.rules(&workspace)).await?.map_err(ApiError::Act)?;
    let policy = rules.policy(&stored);
    let retention = policy.map(|policy| &policy.retention);
    Ok(Json(json!({
        "table": table,
        "retentionInDays": retention.and_then(|retention| retention.retention_in_days),
        "totalRetentionInDays": retention.and_then(Retention::days),
        "reason": retention.map(|retention| &retention.reason),
        "entry": policy.map(|policy| policy.entry),
    })))
}

pub(crate) async fn put(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (act, body) = Act::begin::<Body>(&service, Action::Manage, &workspace, request).await?;
    let Body { retention_in_days, total_retention_in_days, reason } = body;
    if service.api.vault.workspace(&workspace).and_then(|workspace| workspace.find_table(&table)).is_none() {
        return Err(ApiError::Unknown { what: "table", name: table });
    }
    let what = format!("set the retention of table {table}");
    let retention = Retention { table, retention_in_days, total_retention_in_days, reason };
    let days = retention.days();
    let document = Document::Retention(retention);
    let entry = act
        .run(&service, Operation::SetRetention, what, move |vault, asked| vault.govern(&workspace, document, asked))
        .await?;
    Ok(Json(json!({ "entry": entry, "totalRetentionInDays": days })))
}
