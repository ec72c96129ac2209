//! `POST /v1/workspaces/{workspace}/quarantine` with `{"of", "records": [{"position", "reason", "detail", "raw"}]}`: records that a sender
//! received and could not make records of a table of, with their bytes in base64 and what is wrong with them, so that they are kept.
//! `of` is what they are records of: a table or a log format.
//!
//! The header `x-ms-client-request-id` names the request, as for records. Answers 200 with `{"quarantined", "receipts"}`.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use files::{Rejected, Rejection};
use listeners::http::read_body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::service::{Service, blocking, request_name};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    of: String,
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    position: u64,
    reason: String,
    #[serde(default)]
    detail: String,
    raw: String,
}

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path(workspace): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    service.sign_in(&parts.headers, Action::Ingest, &workspace)?;
    let place = service.place()?;
    let name = request_name(&parts.headers)?;
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let vault = service.api.vault.clone();
    let pending = blocking(move || {
        let Body { of, records } =
            serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
        let rejected = records.into_iter().map(rejected).collect::<Result<Vec<_>, _>>()?;
        let request = name.as_deref().map(|name| (name, &body[..]));
        vault.quarantine(&workspace, &of, rejected, request).map_err(ApiError::Ingest)
    });
    let taken = pending.await??.commit().await.map_err(ApiError::Ingest)?;
    drop(place);
    let answer = taken.into_answer();
    let receipts: Vec<String> = answer.quarantine_receipts.iter().map(tlog::Receipt::to_text).collect();
    Ok(Json(json!({ "quarantined": answer.rejected.len(), "receipts": receipts })))
}

fn rejected(record: Record) -> Result<Rejected, ApiError> {
    let Record { position, reason, detail, raw } = record;
    let known = Rejection::ALL.into_iter().find(|known| known.name() == reason);
    let reason = known.ok_or_else(|| ApiError::Malformed(format!("`{reason}` is no reason")))?;
    let raw = STANDARD.decode(raw).map_err(|_| ApiError::Malformed("`raw` is no base64".to_string()))?;
    Ok(Rejected { position, reason, detail, raw })
}
