//! Splunk's HTTP Event Collector: `/services/collector`, `/event`, `/raw`, `/health` and `/ack`.
//!
//! The token is the server's: `Authorization: Splunk <token>`, or the password of `Basic`. A token in the query is refused, as Splunk does
//! unless told otherwise. Events are JSON objects one after the other, and `raw` takes lines. What one event has wrong refuses the whole
//! request, with its number, and nothing of it is taken; a record that its table or log format cannot take goes to the quarantine, and the
//! header `Vidimus-Rejected` says how many did.
//!
//! A request is answered when all of it is durable and signed for. To a request with a channel the answer has an `ackId`, of which `/ack`
//! says true: it is the truth from the moment when the answer leaves. After a restart older ids are answered false, and sent again.
//!
//! # Source
//! Splunk documentation, "Format events for HTTP Event Collector", "About HTTP Event Collector Indexer Acknowledgment", "Troubleshoot HTTP
//! Event Collector", "Input endpoint descriptions".

mod acks;
mod answer;
pub mod events;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(crate) use acks::Acks;
use answer::{Problem, problem};
use events::{Defaults, events, lines};

use super::deliver::{Fate, Order, deliver};
use super::entry::Entry;
use super::sender::Sender;
use super::{PushLimits, path_workspace, request_name};
use crate::service::{Service, blocking, with_rejected};

/// The table, without its ending, of events whose sender names none.
const COMMON: &str = "HttpEvent";
const CHANNEL: &str = "x-splunk-request-channel";
const MOUNT: &str = "/v1/workspaces/{workspace}/hec";

/// Returns the routes.
pub(super) fn routes() -> Router<Arc<Service>> {
    let mut router = Router::new();
    for mount in ["", MOUNT] {
        for base in ["services/collector", "services/collector/event", "services/collector/event/1.0"] {
            router = router.route(&format!("{mount}/{base}"), post(take_events));
        }
        for version in ["", "/1.0"] {
            let at = |what: &str| format!("{mount}/services/collector/{what}{version}");
            router = router.route(&at("raw"), post(take_lines)).route(&at("health"), get(health));
        }
        router = router.route(&format!("{mount}/services/collector/ack"), post(answer_acks));
    }
    router
}

/// What senders say in the address.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    channel: Option<String>,
    token: Option<String>,
    host: Option<String>,
    source: Option<String>,
    sourcetype: Option<String>,
    index: Option<String>,
    time: Option<String>,
}

async fn take_events(State(service): State<Arc<Service>>, path: RawPathParams, request: Request) -> Response {
    answered(take(&service, &path, request, events).await)
}

async fn take_lines(State(service): State<Arc<Service>>, path: RawPathParams, request: Request) -> Response {
    answered(take(&service, &path, request, lines).await)
}

fn answered(result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(Problem::into_response)
}

/// Reads a body.
type Read = fn(&[u8], &Defaults, &PushLimits) -> Result<Vec<Entry>, Problem>;

/// Takes a request's events.
async fn take(service: &Arc<Service>, path: &RawPathParams, request: Request, read: Read) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (sender, parameters) = admit(service, path, &parts)?;
    let channel = channel(&parts, &parameters)?;
    let place = service.place().map_err(Problem::from)?;
    let limits = &service.api.limits.push;
    let body = service.body(body, &parts.headers, limits.bytes_max).await.map_err(Problem::from)?;
    let name = request_name(&parts.headers);
    let Parameters { host, source, sourcetype, index, time, .. } = parameters;
    let defaults = Defaults { host, source, sourcetype, index, time };
    let limits = limits.clone();
    let entries = blocking(move || read(&body, &defaults, &limits)).await.map_err(Problem::from)??;
    let order = Order { sender: &sender, entries, request: name, common: COMMON };
    let fates = deliver(service, &parts, order).await.map_err(Problem::from)?;
    drop(place);
    let mut rejected = 0;
    for fate in fates {
        match fate {
            Fate::Taken => {}
            Fate::Quarantined(_) => rejected += 1,
            Fate::Failed(error) => return Err(Problem::of(&error)),
        }
    }
    let mut answer = json!({ "text": "Success", "code": 0 });
    if let (Some(channel), Some(members)) = (channel, answer.as_object_mut()) {
        members.insert("ackId".to_string(), json!(service.acks.next(&sender.principal.id, &channel)));
    }
    Ok(with_rejected(axum::Json(answer).into_response(), rejected))
}

/// Says what became of requests: those that were answered in this channel are durable.
async fn answer_acks(State(service): State<Arc<Service>>, path: RawPathParams, request: Request) -> Response {
    answered(acks(&service, &path, request).await)
}

async fn acks(service: &Arc<Service>, path: &RawPathParams, request: Request) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Asked {
        acks: Vec<u64>,
    }
    let (parts, body) = request.into_parts();
    let (sender, parameters) = admit(service, path, &parts)?;
    let channel = channel(&parts, &parameters)?.ok_or_else(|| problem(10, ""))?;
    let place = service.place().map_err(Problem::from)?;
    let body = service.body(body, &parts.headers, ACKS_BYTES_MAX).await.map_err(Problem::from)?;
    drop(place);
    let Asked { acks } = serde_json::from_slice(&body).map_err(|error| problem(6, &error.to_string()))?;
    let is_known = |id: &u64| Value::Bool(service.acks.is_known(&sender.principal.id, &channel, *id));
    let answers: Map<String, Value> = acks.iter().map(|id| (id.to_string(), is_known(id))).collect();
    Ok(axum::Json(json!({ "acks": answers })).into_response())
}

/// Bytes of a question about acknowledgements.
const ACKS_BYTES_MAX: usize = 1 << 20;

/// Says whether events would be taken. Nobody needs to sign in: load balancers ask.
async fn health(State(service): State<Arc<Service>>) -> Response {
    match service.api.vault.status().stopped {
        None => problem(17, "").into_response(),
        Some(_) => problem(18, "").into_response(),
    }
}

/// Lets a sender in.
fn admit(service: &Arc<Service>, path: &RawPathParams, parts: &Parts) -> Result<(Sender, Parameters), Problem> {
    let parameters: Parameters = axum::extract::Query::try_from_uri(&parts.uri)
        .map(|query| query.0)
        .map_err(|error| problem(6, &error.to_string()))?;
    if parameters.token.is_some() {
        return Err(problem(16, ""));
    }
    let sender = Sender::of(service, parts, path_workspace(path), "x-scope-orgid").map_err(Problem::from)?;
    Ok((sender, parameters))
}

/// Returns the channel of a request, a guid.
fn channel(parts: &Parts, parameters: &Parameters) -> Result<Option<String>, Problem> {
    let header = parts.headers.get(CHANNEL).map(|value| value.to_str().unwrap_or_default());
    match header.or(parameters.channel.as_deref()) {
        None => Ok(None),
        Some(text) => match uuid::Uuid::parse_str(text.trim()) {
            Ok(channel) => Ok(Some(channel.to_string())),
            Err(_) => Err(problem(11, "")),
        },
    }
}
