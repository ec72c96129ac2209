//! `POST /v1/$batch`: several queries in one request, each with a status of its own:
//! `{"requests":[{"id","headers":{"Prefer"},"body":{...},"method":"POST","path":"/query","workspace"}]}` gives
//! `{"responses":[{"id","status","headers":{},"body":{...}}]}`.
//!
//! They run one after the other, and share the limit of an answer's bytes. What the request as a whole has wrong fails all of them.
//!
//! # Source
//! Azure Monitor documentation, "Batch queries".

use super::{Refusal, Scope, ask, read_json};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::prefer::Prefer;
use crate::question::{Question, Wire};
use crate::service::Service;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    body: Option<Value>,
    method: Option<String>,
    path: Option<String>,
    workspace: Option<String>,
}

/// A query of a batch.
struct Asked {
    id: String,
    workspace: String,
    wire: Wire,
    prefer: Prefer,
}

pub(crate) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut exchange = Exchange::begin(&parts, service.api.clock.now_ticks(), "/v1/$batch");
    let read = async {
        service.sign_in(&mut exchange, &parts.headers)?;
        let body = read_json(&service, body, &parts.headers).await?;
        items(&body, service.api.limits.batch_max)
    };
    let asked = match read.await {
        Ok(asked) => asked,
        Err(error) => return service.refuse(&exchange, error).await,
    };
    let mut text = b"{\"responses\":[".to_vec();
    for (i, asked) in asked.into_iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        let room = service.api.limits.bytes_max.saturating_sub(text.len() as u64);
        let id = Value::from(asked.id.as_str()).to_string();
        let (status, body) = respond(&service, exchange.of_batch(&asked.id), asked, room).await;
        text.extend_from_slice(format!("{{\"id\":{id},\"status\":{status},\"headers\":{{}},\"body\":").as_bytes());
        text.extend_from_slice(&body);
        text.push(b'}');
    }
    text.extend_from_slice(b"]}");
    let mut response = Response::new(Body::from(text));
    exchange.set_headers(response.headers_mut());
    response
}

/// Reads what is asked. Nothing is run of a batch of which a part cannot be read.
fn items(body: &[u8], max: usize) -> Result<Vec<Asked>, ApiError> {
    let malformed = |text: String| ApiError::Malformed(text);
    let batch: Batch = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("the body is no JSON object with `requests`: {error}")))?;
    if batch.requests.is_empty() || batch.requests.len() > max {
        return Err(malformed(format!("a batch has 1 to {max} requests, and this one {}", batch.requests.len())));
    }
    let mut ids = HashSet::new();
    let mut asked = Vec::with_capacity(batch.requests.len());
    for (i, item) in batch.requests.into_iter().enumerate() {
        let missing = |name: &str| malformed(format!("request {i} of the batch has no `{name}`"));
        let id = item.id.ok_or_else(|| missing("id"))?;
        if !ids.insert(id.clone()) {
            return Err(malformed(format!("the batch has two requests with the id `{id}`")));
        }
        let body = match item.body.ok_or_else(|| missing("body"))? {
            // Some clients send the body as a text.
            Value::String(text) => serde_json::from_str(&text),
            body => Ok(body),
        };
        let wire = body.and_then(serde_json::from_value);
        let wire =
            wire.map_err(|error| malformed(format!("the body of the request `{id}` cannot be read: {error}")))?;
        let workspace = item.workspace.ok_or_else(|| missing("workspace"))?;
        if item.method.is_some_and(|method| !method.eq_ignore_ascii_case("post")) {
            return Err(malformed(format!("the method of the request `{id}` is `POST`")));
        }
        if item.path.is_some_and(|path| path.trim_matches('/') != "query") {
            return Err(malformed(format!("the path of the request `{id}` is `/query`")));
        }
        let mut prefer = Prefer::default();
        for (name, value) in item.headers.unwrap_or_default() {
            if let Some(text) = value.as_str().filter(|_| name.eq_ignore_ascii_case("prefer")) {
                prefer.read(text);
            }
        }
        asked.push(Asked { id, workspace, wire, prefer });
    }
    Ok(asked)
}

/// Runs one query; returns its status and its body.
async fn respond(service: &Arc<Service>, mut exchange: Exchange, asked: Asked, room: u64) -> (u16, Vec<u8>) {
    let made = match Question::of_wire(asked.wire, asked.prefer, exchange.received) {
        Ok(question) => ask(service, &mut exchange, question, Scope::Workspace(asked.workspace), room).await,
        Err(error) => Err(Refusal::Unrecorded(error)),
    };
    let error = match made {
        Ok(bytes) => return (200, bytes),
        Err(Refusal::Recorded(error)) => error,
        Err(Refusal::Unrecorded(error)) => service.record(exchange.refused(&error)).await.err().unwrap_or(error),
    };
    let (status, body) = error.of_batch(&exchange.activity_id);
    (status, body.to_string().into_bytes())
}
