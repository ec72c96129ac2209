//! `POST /v1/workspaces/{workspace}/tables/{table}/records`: JSON records, as an array or one after the other.
//!
//! The header `x-ms-client-request-id` names the request: sent again under the same name, it is answered with the first receipts.
//! Answers 200 when records were taken, also if some or all went to the quarantine:
//! `{"taken", "rejected": {"count", "reasons", "first"}, "receipts", "quarantineReceipts"}`.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use ingest::Answer;
use listeners::http::read_body;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking};

const REQUEST_ID: &str = "x-ms-client-request-id";
const REQUEST_ID_BYTES_MAX: usize = 256;

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    service.sign_in(&parts.headers, Action::Ingest, &workspace)?;
    let place = service.place()?;
    let name = parts.headers.get(REQUEST_ID).map(|name| name.to_str().unwrap_or_default().to_string());
    if name.as_ref().is_some_and(|name| name.is_empty() || name.len() > REQUEST_ID_BYTES_MAX) {
        return Err(ApiError::Malformed(format!("`{REQUEST_ID}` is 1 to {REQUEST_ID_BYTES_MAX} characters of ASCII")));
    }
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let vault = service.api.vault.clone();
    let pending = blocking(move || vault.take(&workspace, &table, &body, name.as_deref())).await?;
    let answer = pending.map_err(ApiError::Ingest)?.finish().await.map_err(ApiError::Ingest)?;
    drop(place);
    Ok(Json(answer_json(&answer, service.api.limits.rejected_named_max)))
}

fn answer_json(answer: &Answer, named_max: usize) -> Value {
    let reasons: serde_json::Map<String, Value> =
        answer.reasons().into_iter().map(|(reason, count)| (reason.name().to_string(), json!(count))).collect();
    let first = answer.rejected.iter().take(named_max);
    let first: Vec<Value> = first
        .map(|rejected| {
            json!({ "position": rejected.position, "reason": rejected.reason.name(), "detail": rejected.detail })
        })
        .collect();
    let receipts =
        |receipts: &[tlog::Receipt]| -> Vec<String> { receipts.iter().map(tlog::Receipt::to_text).collect() };
    json!({
        "taken": answer.taken,
        "rejected": { "count": answer.rejected.len(), "reasons": reasons, "first": first },
        "receipts": receipts(&answer.receipts),
        "quarantineReceipts": receipts(&answer.quarantine_receipts),
    })
}
