//! The endpoints, one file each; what the query endpoints have in common.

pub mod answer_ping;
pub mod describe_sign_in;
pub mod follow_link;
pub mod ingest_stream;
pub mod run_command;
pub mod run_query_v1;
pub mod run_query_v2;

use crate::body;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::outlet::{CancelOnDrop, Outlet, Reply};
use crate::question::Question;
use crate::run::{self, Job};
use crate::running::QueryStart;
use crate::service::Service;
use auth::Action;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use encode::Format;
use std::sync::Arc;
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Answers a request whose query is in its body.
async fn answer_post(service: Arc<Service>, request: Request, target: &'static str, format: Format) -> Response {
    let (parts, body) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), target, service.api.tls);
    if let Err(error) = sign_in(&service, &mut exchange, &parts.headers) {
        return service.refuse(&exchange, error).await;
    }
    let read = body::read(body, &parts.headers, &service.api.limits).await;
    match read.and_then(|body| Question::of_body(&body)) {
        Ok(question) => answer(service, exchange, question, format).await,
        Err(error) => service.refuse(&exchange, error).await,
    }
}

/// Finds out who asks, before anything else of the request is read.
fn sign_in(service: &Service, exchange: &mut Exchange, headers: &axum::http::HeaderMap) -> Result<(), ApiError> {
    let header = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    exchange.principal = Some(service.api.tokens.authenticate(header).map_err(ApiError::NotSignedIn)?);
    Ok(())
}

/// Runs the query of somebody who has signed in.
async fn answer(service: Arc<Service>, mut exchange: Exchange, question: Question, format: Format) -> Response {
    exchange.database = question.database.clone();
    exchange.query = question.query.clone();
    exchange.heed(&question.properties);
    if question.query.trim_start().starts_with('.') {
        let command = question.query.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        return service.refuse(&exchange, ApiError::NotAQuery { command }).await;
    }
    let may = exchange.principal.as_ref().is_some_and(|principal| principal.may(Action::Read, &question.database));
    if !may {
        return service.refuse(&exchange, ApiError::Forbidden { database: question.database }).await;
    }
    let Ok(place) = service.places.clone().try_acquire_owned() else {
        return service.refuse(&exchange, ApiError::Busy { max: service.api.limits.queries_max }).await;
    };
    let (sender, receiver) = oneshot::channel();
    let (cancel, handle) = (Cancel::default(), Handle::current());
    let ticket = service.api.running.begin(start_of(&exchange, &question), cancel.clone());
    // From here on, a client that leaves ends the query.
    let waiting = CancelOnDrop(cancel.clone());
    let outlet = Outlet::new(sender, handle.clone(), service.api.limits.read_timeout);
    let (service_, exchange_) = (service.clone(), exchange.clone());
    let job = Job { service: service_, exchange: exchange_, question, format, cancel, ticket, outlet, handle, place };
    if let Err(error) = run::start(job) {
        return service.refuse(&exchange, error).await;
    }
    let body = match receiver.await {
        Ok(Reply::Whole(bytes)) => Body::from(bytes),
        Ok(Reply::Begun(parts)) => Body::from_stream(parts.cancelling(waiting)),
        // Its record is written already.
        Ok(Reply::Refused(error)) => return error.response(&exchange),
        // The thread ended without a word.
        Err(_) => return service.refuse(&exchange, ApiError::Internal).await,
    };
    let mut response = Response::new(body);
    exchange.set_headers(response.headers_mut());
    response
}

/// Returns what the list of running queries says of a query.
fn start_of(exchange: &Exchange, question: &Question) -> QueryStart {
    let principal = exchange.principal.as_ref();
    QueryStart {
        client_request_id: exchange.client_request_id.clone(),
        activity_id: exchange.activity_id.clone(),
        text: question.query.clone(),
        database: question.database.clone(),
        user: principal.map(|principal| principal.name.clone()).unwrap_or_default(),
        principal_id: principal.map(|principal| principal.id.clone()).unwrap_or_default(),
        application: exchange.client_app().to_string(),
        properties: question.properties.sent.clone(),
    }
}
