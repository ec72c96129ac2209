//! The endpoints, one file each; what those that ask queries have in common.

pub mod query_resource;
pub mod query_workspace;
pub mod run_batch;
pub mod show_metadata;

use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::question::{Question, Wire};
use crate::run::{self, Job};
use crate::service::{Service, prefer};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use listeners::http::{BodyError, read_body};
use std::sync::Arc;
use stdx::Cancel;

/// Whose rows a query is about.
enum Scope {
    /// A workspace, by whatever names it.
    Workspace(String),
    /// A resource, in all workspaces that the sender may read.
    Resource(String),
}

/// Answers a request whose query is in its body.
async fn answer_post(service: Arc<Service>, request: Request, target: &'static str, scope: Scope) -> Response {
    let (parts, body) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), target);
    let asked = async {
        service.sign_in(&mut exchange, &parts.headers)?;
        let body = read_json(&service, body, &parts.headers).await?;
        Question::of_body(&body, prefer(&parts.headers), exchange.received)
    };
    match asked.await {
        Ok(question) => answer(service, exchange, question, scope).await,
        Err(error) => service.refuse(&exchange, error).await,
    }
}

/// Answers a request whose query is in its address.
async fn answer_get(
    service: Arc<Service>,
    wire: Result<Query<Wire>, QueryRejection>,
    request: Request,
    target: &'static str,
    scope: Scope,
) -> Response {
    let (parts, _) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), target);
    let asked = service.sign_in(&mut exchange, &parts.headers).and_then(|()| {
        let Query(wire) = wire.map_err(|_| ApiError::Malformed("the address has no `query`".to_string()))?;
        Question::of_wire(wire, prefer(&parts.headers), exchange.received)
    });
    match asked {
        Ok(question) => answer(service, exchange, question, scope).await,
        Err(error) => service.refuse(&exchange, error).await,
    }
}

/// Reads a body that has to be JSON by its headers.
async fn read_json(service: &Service, body: Body, headers: &HeaderMap) -> Result<Vec<u8>, ApiError> {
    let said = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let media = said.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if media.is_some_and(|media| media != "application/json") {
        return Err(ApiError::Malformed("the body has to be JSON: `Content-Type: application/json`".to_string()));
    }
    read_body(body, headers, service.api.limits.body).await.map_err(|error| match error {
        BodyError::TooLarge { max } => ApiError::TooLarge { max },
        BodyError::TooSlow => ApiError::TooSlow,
        other => ApiError::Malformed(other.to_string()),
    })
}

/// Runs the query of somebody who has signed in.
async fn answer(service: Arc<Service>, mut exchange: Exchange, question: Question, scope: Scope) -> Response {
    let bytes_max = service.api.limits.bytes_max;
    match ask(&service, &mut exchange, question, scope, bytes_max).await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            exchange.set_headers(response.headers_mut());
            response
        }
        Err(Refusal::Recorded(error)) => error.response(&exchange),
        Err(Refusal::Unrecorded(error)) => service.refuse(&exchange, error).await,
    }
}

/// Why a query has no answer, and whether that is written down already.
enum Refusal {
    Recorded(ApiError),
    Unrecorded(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Refusal {
        Refusal::Unrecorded(error)
    }
}

/// Finds the workspaces that a query is about, and runs it.
async fn ask(
    service: &Arc<Service>,
    exchange: &mut Exchange,
    question: Question,
    scope: Scope,
    bytes_max: u64,
) -> Result<Vec<u8>, Refusal> {
    exchange.query = question.query.clone();
    let (mut workspaces, resource) = match scope {
        Scope::Workspace(text) => (vec![service.workspace(exchange, &text)?], None),
        Scope::Resource(resource) => {
            let readable = service.readable(exchange);
            if readable.is_empty() {
                return Err(ApiError::Forbidden { workspace: resource }.into());
            }
            (readable, Some(resource))
        }
    };
    for text in &question.workspaces {
        let name = service.workspace(exchange, text)?;
        if !workspaces.contains(&name) {
            workspaces.push(name);
        }
    }
    let max = service.api.limits.workspaces_max;
    if workspaces.len() > max {
        let found = workspaces.len();
        return Err(
            ApiError::Malformed(format!("the query is about {found} workspaces, and may be about {max}")).into()
        );
    }
    exchange.workspaces = workspaces;
    let place = service.place()?;
    let job = Job {
        service: service.clone(),
        exchange: exchange.clone(),
        question,
        resource,
        bytes_max,
        cancel: Cancel::default(),
        place,
    };
    run::run(job).await.map_err(Refusal::Recorded)
}
