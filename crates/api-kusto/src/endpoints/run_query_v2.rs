//! `POST /v2/rest/query`: a query, answered as frames.

use super::answer_post;
use crate::service::Service;
use axum::extract::{Request, State};
use axum::response::Response;
use encode::Format;
use std::sync::Arc;

/// Answers a query in the body: `{"db", "csl", "properties"}`.
pub(crate) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    answer_post(service, request, "/v2/rest/query", Format::KustoV2).await
}
