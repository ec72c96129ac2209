//! `POST /subscriptions/stop?contentType=`: ends a subscription.

use std::sync::Arc;

use audit::Operation;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::Call;
use crate::service::Service;

const TARGET: &str = "/activity/feed/subscriptions/stop";

pub(crate) async fn post(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let call = Call::begin(&service, &parts, &tenant, TARGET).await?;
    let done = async {
        let kind = call.content_type()?;
        let (holder, by) = call.holder();
        let (workspace, now) = (call.exchange.workspace.clone(), call.exchange.received);
        let stop = move |service: &Service| service.feeds.stop(&workspace, kind, (&holder, &by), now);
        call.act(&service, Operation::StopFeed, kind, stop).await?;
        Ok(call.exchange.answer(StatusCode::OK, String::new()))
    };
    let done = done.await;
    Ok(call.answer(&service, done).await)
}
