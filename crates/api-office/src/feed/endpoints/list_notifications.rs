//! `GET /subscriptions/notifications?contentType=`: what was sent to a webhook. There are no webhooks, so there is nothing.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::Call;
use crate::feed::time_range::TimeRange;
use crate::service::{Service, blocking};

const TARGET: &str = "/activity/feed/subscriptions/notifications";

pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let done = async {
        let kind = call.content_type()?;
        TimeRange::parse(call.parameter("startTime"), call.parameter("endTime"), call.exchange.received)?;
        let (of, workspace) = (service.clone(), call.exchange.workspace.clone());
        blocking(move || of.feeds.of(&workspace)).await?.enabled(&call.holder().0, kind)?;
        Ok(call.exchange.json(StatusCode::OK, &json!([])))
    };
    let done = done.await;
    Ok(call.answer(&service, done).await)
}
