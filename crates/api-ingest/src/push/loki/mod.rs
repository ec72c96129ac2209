//! Loki's push requests: `POST /loki/api/v1/push`, as JSON or as protocol buffers packed by snappy.
//!
//! A stream's labels and a line's structured metadata become columns, the line is `Message`. The labels `table`, `sourcetype`, `job`,
//! `service_name` and `app` say the table, the first of them that names one. The workspace is what `X-Scope-OrgID` names. All lines are
//! taken or kept in the quarantine, and the answer is 204 with `Vidimus-Rejected`; what is no push request is refused with a text, as
//! Loki's errors are.
//!
//! # Source
//! Grafana Loki documentation, "Loki HTTP API", "Ingest logs".

mod answer;
pub mod json;
pub mod proto;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use answer::Problem;

use super::deliver::{Fate, Order, deliver};
use super::entry::{Content, Entry};
use super::sender::Sender;
use super::{Time, path_workspace, request_name};
use crate::service::{Service, blocking, media_type, with_rejected};

/// The table, without its ending, of lines whose labels name none.
const COMMON: &str = "Loki";
const MOUNT: &str = "/v1/workspaces/{workspace}/loki";
/// The header that names a tenant.
const TENANT: &str = "x-scope-orgid";
/// Labels that say the table.
const TABLE_LABELS: [&str; 5] = ["table", "sourcetype", "job", "service_name", "app"];
/// What Loki calls a stream's service when it does not know it.
const NO_SERVICE: &str = "unknown_service";

/// Returns the routes.
pub(super) fn routes() -> Router<Arc<Service>> {
    let mut router = Router::new();
    for mount in ["", MOUNT] {
        let at = |path: &str| format!("{mount}{path}");
        router = router
            .route(&at("/loki/api/v1/push"), post(push))
            .route(&at("/loki/api/v1/status/buildinfo"), get(version))
            .route(&at("/ready"), get(ready));
    }
    router
}

async fn push(State(service): State<Arc<Service>>, path: RawPathParams, request: Request) -> Response {
    match take(&service, &path, request).await {
        Ok(rejected) => with_rejected(StatusCode::NO_CONTENT.into_response(), rejected),
        Err(problem) => problem.into_response(),
    }
}

/// Takes a request's lines. Returns how many went to the quarantine.
async fn take(service: &Arc<Service>, path: &RawPathParams, request: Request) -> Result<u64, Problem> {
    let (mut parts, body) = request.into_parts();
    let sender = Sender::of(service, &parts, path_workspace(path), TENANT).map_err(Problem::from)?;
    let place = service.place().map_err(Problem::from)?;
    let is_json = match media_type(&parts.headers).as_deref() {
        Some("application/json") => true,
        None | Some("application/x-protobuf") => false,
        Some(_) => return Err(Problem::bad("the content type is application/json or application/x-protobuf")),
    };
    // The body of protocol buffers is packed by snappy whether or not that is said.
    let is_said = parts.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "snappy");
    if !is_json && is_said {
        parts.headers.remove(header::CONTENT_ENCODING);
    }
    let limits = service.api.limits.push.clone();
    let body = service.body(body, &parts.headers, limits.bytes_max).await.map_err(Problem::from)?;
    let read = move || match is_json {
        true => json::lines(&body, &limits),
        false => proto::lines(&body, &limits),
    };
    let entries = blocking(read).await.map_err(Problem::from)??;
    let request = request_name(&parts.headers);
    let order = Order { sender: &sender, entries, request, common: COMMON };
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
    Ok(rejected)
}

/// Makes an entry of a line. Labels are in the order in which they come.
fn entry(labels: &[(String, String)], metadata: Vec<(String, String)>, time: Time, line: String) -> Entry {
    let of = |wanted: &&str| labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let names: Vec<String> = TABLE_LABELS.iter().filter_map(of).filter(|name| name != NO_SERVICE).collect();
    let own = names.iter().find(|name| !name.is_empty()).cloned().unwrap_or_else(|| COMMON.to_string());
    let stream = labels.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let mut entry = Entry { names, own, stream, time, content: Content::Text(line), ..Entry::default() };
    for (name, value) in labels.iter().chain(&metadata) {
        entry.about.push((name.clone(), super::entry::quoted(value)));
    }
    entry
}

/// Says whether lines would be taken. Nobody needs to sign in: load balancers ask.
async fn ready(State(service): State<Arc<Service>>) -> Response {
    match service.api.vault.status().stopped {
        None => "ready\n".into_response(),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "nothing is signed now\n").into_response(),
    }
}

/// Says which version of Loki's protocol is spoken.
async fn version(State(service): State<Arc<Service>>, request: Request) -> Response {
    match super::sender::signed_in(&service, request.headers()) {
        Ok(_) => {
            Json(json!({ "version": "3.0.0", "revision": "vidimus", "branch": "", "goVersion": "" })).into_response()
        }
        Err(refused) => Problem::from(refused).into_response(),
    }
}
