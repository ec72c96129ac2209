//! `POST /subscriptions/start?contentType=`: begins a subscription; its content is what comes from now on.

use std::sync::Arc;

use audit::Operation;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use crate::feed::error::FeedError;
use crate::service::Service;

const TARGET: &str = "/activity/feed/subscriptions/start";

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let done = async {
        let kind = call.content_type()?;
        let body = service.body(body, &parts.headers).await?;
        refuse_webhook(&body)?;
        let (holder, by) = call.holder();
        let (workspace, now) = (call.exchange.workspace.clone(), call.exchange.received);
        let start = move |service: &Service| {
            let from = service.log_size(&workspace);
            service.feeds.start(&workspace, kind, (&holder, &by), now, from)
        };
        call.act(&service, Operation::StartFeed, kind, start).await?;
        let body = json!({ "contentType": kind.name(), "status": "enabled", "webhook": null });
        Ok(call.exchange.json(StatusCode::OK, &body))
    };
    let done = done.await;
    Ok(call.answer(&service, done).await)
}

/// Refuses to send notifications: a body that names a webhook.
fn refuse_webhook(body: &[u8]) -> Result<(), FeedError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let wrong = FeedError::Type { name: "webhook", expected: "object" };
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return Err(wrong) };
    match body.get("webhook") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Object(webhook)) => {
            let address = webhook.get("address").and_then(Value::as_str);
            let address = address.ok_or(FeedError::Missing { name: "webhook.address" })?;
            Err(FeedError::Webhook { address: address.chars().take(200).collect() })
        }
        Some(_) => Err(wrong),
    }
}
