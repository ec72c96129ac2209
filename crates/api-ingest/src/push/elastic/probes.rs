//! What clients ask before they send: the version, the licence, health, templates.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::admit;
use super::answer::{Problem, branded};
use crate::push::sender::signed_in;
use crate::service::Service;

/// The version of Elasticsearch whose requests are taken: clients of an older one, and of none that is more than one newer, go on.
const VERSION: &str = "8.17.0";
/// Of a warning that is no error, as HTTP has it.
const WARNING: &str = "299 Vidimus \"nothing was made: a table gets its columns from the records that come\"";

pub(super) async fn version(State(service): State<Arc<Service>>, request: Request) -> Response {
    for_signed_in(&service, request, || {
        Json(json!({
            "name": "vidimus",
            "cluster_name": "vidimus",
            "version": {
                "number": VERSION,
                "build_flavor": "default",
                "build_type": "vidimus",
                "build_snapshot": false,
                "minimum_wire_compatibility_version": "7.17.0",
                "minimum_index_compatibility_version": "7.0.0",
            },
            "tagline": "Vidimus takes documents as Elasticsearch does",
        }))
        .into_response()
    })
}

pub(super) async fn license(State(service): State<Arc<Service>>, request: Request) -> Response {
    let license =
        json!({ "status": "active", "uid": "vidimus", "type": "basic", "mode": "basic", "issuer": "vidimus" });
    for_signed_in(&service, request, || Json(json!({ "license": license })).into_response())
}

pub(super) async fn features(State(service): State<Arc<Service>>, request: Request) -> Response {
    let off = json!({ "available": false, "enabled": false });
    let answer = json!({
        "license": { "uid": "vidimus", "type": "basic", "mode": "basic", "status": "active" },
        "features": { "ilm": off, "monitoring": off, "security": { "available": true, "enabled": true } },
        "tagline": "Vidimus takes documents as Elasticsearch does",
    });
    for_signed_in(&service, request, || Json(answer).into_response())
}

pub(super) async fn health(State(service): State<Arc<Service>>, request: Request) -> Response {
    let is_well = service.api.vault.status().stopped.is_none();
    let answer: Value = json!({
        "cluster_name": "vidimus",
        "status": if is_well { "green" } else { "red" },
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
    });
    for_signed_in(&service, request, || Json(answer).into_response())
}

/// Acknowledges a request to make what there is not here.
pub(super) async fn acknowledge(
    State(service): State<Arc<Service>>,
    path: RawPathParams,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    branded(match admit(&service, &path, &parts) {
        Ok(_) => ([(header::WARNING, HeaderValue::from_static(WARNING))], Json(json!({ "acknowledged": true })))
            .into_response(),
        Err(problem) => problem.into_response(),
    })
}

/// Says that there is no such template, policy, pipeline, index or document.
pub(super) async fn missing(State(service): State<Arc<Service>>, request: Request) -> Response {
    for_signed_in(&service, request, || {
        let reason = "there are no templates, policies, pipelines and indices here, and documents are not looked up";
        let error = json!({ "type": "resource_not_found_exception", "reason": reason });
        (StatusCode::NOT_FOUND, Json(json!({ "error": error, "status": 404 }))).into_response()
    })
}

fn for_signed_in(service: &Arc<Service>, request: Request, answer: impl FnOnce() -> Response) -> Response {
    let (parts, _) = request.into_parts();
    branded(match signed_in(service, &parts.headers) {
        Ok(_) => answer(),
        Err(refused) => Problem::from(refused).into_response(),
    })
}
