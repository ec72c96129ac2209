//! `POST /v1/rest/mgmt` and `/v2/rest/mgmt`: a management command, answered as one table; as a query is, where it is piped into one.

use super::sign_in;
use crate::body;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::outlet::CancelOnDrop;
use crate::question::Question;
use crate::run::Ended;
use crate::service::Service;
use auth::Principal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use encode::{Format, RequestIds, Statistics, Visualization};
use management::{Answer, CommandError, CommandRequest, STACK_BYTES};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Answers a command in the body: `{"db", "csl", "properties"}`.
pub(crate) async fn post_v1(State(service): State<Arc<Service>>, request: Request) -> Response {
    post(service, request, "/v1/rest/mgmt").await
}

/// The same: commands have one form of answer.
pub(crate) async fn post_v2(State(service): State<Arc<Service>>, request: Request) -> Response {
    post(service, request, "/v2/rest/mgmt").await
}

async fn post(service: Arc<Service>, request: Request, target: &'static str) -> Response {
    let (parts, body) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), target, service.api.tls);
    if let Err(error) = sign_in(&service, &mut exchange, &parts.headers) {
        return service.refuse(&exchange, error).await;
    }
    let read = body::read(body, &parts.headers, &service.api.limits).await;
    match read.and_then(|body| Question::of_body(&body)) {
        Ok(question) => answer(service, exchange, question).await,
        Err(error) => service.refuse(&exchange, error).await,
    }
}

/// Does the command of somebody who has signed in. A client that leaves stops queries in it; what is sealed already stays.
async fn answer(service: Arc<Service>, mut exchange: Exchange, question: Question) -> Response {
    exchange.database = question.database.clone();
    exchange.query = question.query.clone();
    let (Some(principal), Some(commands)) = (exchange.principal.clone(), service.api.commands.clone()) else {
        return service.refuse(&exchange, ApiError::Internal).await;
    };
    let Ok(place) = service.places.clone().try_acquire_owned() else {
        return service.refuse(&exchange, ApiError::Busy { max: service.api.limits.queries_max }).await;
    };
    // What it does can be done before its end is known: it is written down first that somebody asks.
    if let Err(unwritten) = service.record(exchange.begun_record()).await {
        return service.refuse(&exchange, unwritten).await;
    }
    let cancel = Cancel::default();
    let _waiting = CancelOnDrop(cancel.clone());
    let request = command_request(&service, &exchange, &question, principal, cancel);
    let (sender, receiver) = oneshot::channel();
    let (at_work, ids) = (service.clone(), ids(&exchange));
    let runtime = Handle::current();
    let work = move || {
        // Acts are written down by way of the runtime.
        let _entered = runtime.enter();
        let done = catch_unwind(AssertUnwindSafe(|| commands.run(&request)));
        let done = done.unwrap_or_else(|_| Err(CommandError::Internal("a panic".to_string())));
        let ended = at_work.api.clock.now_ticks();
        let made = done.and_then(|answer| Ok((n_rows(&answer), json(&answer, ids, ended)?)));
        // Whoever waited may have gone.
        let _ = sender.send(made);
    };
    let thread = std::thread::Builder::new().name("command".to_string()).stack_size(STACK_BYTES);
    if thread.spawn(work).is_err() {
        return service.refuse(&exchange, ApiError::Internal).await;
    }
    // Its end is written down whether or not the client still waits.
    let ending = tokio::spawn(async move {
        let _place = place;
        let error = match receiver.await {
            Ok(Ok((rows, body))) => {
                let mut ended = Ended::default();
                (ended.status, ended.rows) = (200, rows);
                match service.record(exchange.ended_record(&ended)).await {
                    Ok(()) => return respond(&exchange, body),
                    Err(unwritten) => unwritten,
                }
            }
            Ok(Err(CommandError::Wrong(findings))) => ApiError::Wrong { text: question.query, findings },
            Ok(Err(CommandError::Query(error))) => ApiError::Query(error),
            Ok(Err(error)) => ApiError::Command(error),
            Err(_) => ApiError::Internal,
        };
        service.refuse(&exchange, error).await
    });
    ending.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn command_request(
    service: &Service,
    exchange: &Exchange,
    question: &Question,
    principal: Principal,
    cancel: Cancel,
) -> CommandRequest {
    let properties = &question.properties;
    CommandRequest {
        principal,
        address: exchange.client_address().unwrap_or_default().to_string(),
        database: question.database.clone(),
        text: question.query.clone(),
        now: properties.now.unwrap_or_else(|| service.api.clock.now_ticks()),
        parameters: properties.parameters.clone(),
        timeout: properties.timeout(&service.api.limits),
        is_readonly: properties.read_only,
        cancel,
    }
}

fn ids(exchange: &Exchange) -> RequestIds {
    RequestIds { client_request_id: exchange.client_request_id.clone(), activity_id: exchange.activity_id.clone() }
}

fn n_rows(answer: &Answer) -> u64 {
    answer.tables.iter().map(management::AnswerTable::n_rows).sum()
}

/// Returns the answer as Kusto's clients read it.
fn json(answer: &Answer, request: RequestIds, ended: i64) -> Result<Vec<u8>, CommandError> {
    let failed = |error: encode::EncodeError| CommandError::Internal(error.to_string());
    if let (false, [table]) = (answer.is_query, answer.tables.as_slice()) {
        return encode::command_json(&table.columns, &table.batches).map(String::into_bytes).map_err(failed);
    }
    let begun = Instant::now();
    let visualization = answer.render.as_ref().map(|of| Visualization::new(&of.visualization, &of.properties));
    let options = encode::Options { visualization, request, ..encode::Options::default() };
    let mut out = Vec::new();
    let mut encoder = encode::encoder(Format::KustoV1, &options, Box::new(&mut out));
    for table in &answer.tables {
        encoder.begin_table(&table.name, &table.columns).map_err(failed)?;
        for batch in &table.batches {
            encoder.batch(batch).map_err(failed)?;
        }
        encoder.end_table().map_err(failed)?;
    }
    let statistics = Statistics { ended, seconds: begun.elapsed().as_secs_f64(), ..Statistics::default() };
    encoder.finish(&statistics).map_err(failed)?;
    drop(encoder);
    Ok(out)
}

fn respond(exchange: &Exchange, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    exchange.set_headers(response.headers_mut());
    response
}
