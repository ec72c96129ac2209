//! `GET /subscriptions/list`: the subscriptions of whoever asks.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use crate::service::{Service, blocking};

const TARGET: &str = "/activity/feed/subscriptions/list";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let (of, workspace) = (service.clone(), call.exchange.workspace.clone());
    let done = blocking(move || of.feeds.of(&workspace)).await;
    let done = done.map(|feed| {
        let (holder, _) = call.holder();
        let own = feed.subscriptions.iter().filter(|of| of.enabled && of.holder == holder);
        let own = own.map(|of| json!({ "contentType": of.content_type, "status": "enabled", "webhook": null }));
        call.exchange.json(StatusCode::OK, &Value::Array(own.collect()))
    });
    Ok(call.answer(&service, done.map_err(Into::into)).await)
}
