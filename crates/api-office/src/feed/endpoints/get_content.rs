//! `GET /audit/{contentId}`: the records of a blob.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::Call;
use crate::ask::ask;
use crate::feed::content_id::{IdError, Part};
use crate::feed::error::FeedError;
use crate::feed::records::audit_record;
use crate::feed::time_range::KEPT;
use crate::feed::window;
use crate::service::{Service, blocking};

const TARGET: &str = "/activity/feed/audit";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path((tenant, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let done = records(&service, &call, &id).await;
    Ok(call.answer(&service, done).await)
}

async fn records(service: &Arc<Service>, call: &Call, id: &str) -> Result<Response, FeedError> {
    let (of, workspace) = (service.clone(), call.exchange.workspace.clone());
    let feed = blocking(move || of.feeds.of(&workspace)).await?;
    let shown = || id.chars().take(200).collect::<String>();
    let (part, kind) = Part::parse(id, &call.exchange.workspace, feed.secret()).map_err(|error| match error {
        IdError::Malformed => FeedError::ContentId { id: shown() },
        IdError::Unknown => FeedError::NoContent { id: shown() },
    })?;
    feed.enabled(&call.holder().0, kind)?;
    if call.exchange.received >= part.created.saturating_add(KEPT) {
        return Err(FeedError::Expired { id: shown() });
    }
    let mut records = Vec::new();
    for (source, query) in window::records_queries(&part, kind) {
        let rows = ask(service, &call.exchange, query).await?;
        records.extend(rows.iter().map(|row| Value::Object(audit_record(row, source))));
    }
    Ok(call.exchange.json(StatusCode::OK, &Value::Array(records)))
}
