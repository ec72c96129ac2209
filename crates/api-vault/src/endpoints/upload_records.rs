//! `POST /v1/workspaces/{workspace}/tables/{table}/records`: JSON records, as an array or one after the other.
//!
//! The header `x-ms-client-request-id` names the request: sent again under the same name, it is answered with the first receipts.
//! The header `Vidimus-Ack` says what to wait for: `committed`, which is the default, or `witnessed`.
//! Answers 200 when records were taken, also if some or all went to the quarantine:
//! `{"ack", "taken", "rejected": {"count", "reasons", "first"}, "receipts", "quarantineReceipts"}`. Records that were taken and not
//! witnessed in time are answered 503 with the same members besides `error`; `ack` is what was reached then.

use std::sync::Arc;

use auth::Action;
use axum::Json;
use axum::extract::{Path, Request, State};
use ingest::Answer;
use listeners::http::read_body;
use serde_json::{Value, json};

use crate::anchors::Ack;
use crate::error::ApiError;
use crate::service::{Service, blocking, request_name};

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path((workspace, table)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    service.sign_in(&parts.headers, Action::Ingest, &workspace)?;
    let place = service.place()?;
    let name = request_name(&parts.headers)?;
    let ack = service.api.anchors.ack(&parts.headers)?;
    let body = read_body(body, &parts.headers, service.api.limits.body).await.map_err(ApiError::Body)?;
    let vault = service.api.vault.clone();
    let (of, is_named) = (workspace.clone(), name.is_some());
    let pending = blocking(move || vault.take(&of, &table, &body, name.as_deref())).await?;
    let mut taken = pending.map_err(ApiError::Ingest)?.commit().await.map_err(ApiError::Ingest)?;
    drop(place);
    let brought = ack.bring(&workspace, &mut taken.receipts).await;
    let reached = if brought.is_ok() { ack.name() } else { Ack::Committed.name() };
    let answer = answer_json(&taken.into_answer(), reached, service.api.limits.rejected_named_max);
    match brought {
        Ok(()) => Ok(Json(answer)),
        Err(why) => Err(ApiError::NotWitnessed { why, is_named, answer: Box::new(answer) }),
    }
}

fn answer_json(answer: &Answer, ack: &str, named_max: usize) -> Value {
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
        "ack": ack,
        "taken": answer.taken,
        "rejected": { "count": answer.rejected.len(), "reasons": reasons, "first": first },
        "receipts": receipts(&answer.receipts),
        "quarantineReceipts": receipts(&answer.quarantine_receipts),
    })
}
