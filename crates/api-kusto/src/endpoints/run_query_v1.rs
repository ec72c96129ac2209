//! `GET` and `POST /v1/rest/query`: a query, answered as tables.

use super::{answer, answer_post, sign_in};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::question::{Question, Wire};
use crate::service::Service;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use encode::Format;
use std::sync::Arc;

const TARGET: &str = "/v1/rest/query";

/// Answers a query in the body: `{"db", "csl", "properties"}`.
pub(crate) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    answer_post(service, request, TARGET, Format::KustoV1).await
}

/// Answers a query in the address: `?db=...&csl=...&properties=...`.
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), TARGET, service.api.tls);
    if let Err(error) = sign_in(&service, &mut exchange, &parts.headers) {
        return service.refuse(&exchange, error).await;
    }
    let wire = wire.map_err(|_| ApiError::Malformed("the address has no `db` and `csl`".to_string()));
    match wire.and_then(|Query(wire)| Question::of_wire(wire)) {
        Ok(question) => answer(service, exchange, question, Format::KustoV1).await,
        Err(error) => service.refuse(&exchange, error).await,
    }
}
