//! `POST /v1/logs`, `/v1/metrics`, `/v1/traces`: OTLP/HTTP. Answers are in the encoding of the request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::status::OtlpError;
use super::take::{Outcome, take, workspace};
use super::wire::{Encoding, Signal};
use crate::service::{Service, media_type};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

pub async fn logs(State(service): State<Arc<Service>>, request: Request) -> Response {
    post(&service, request, Signal::Logs).await
}

pub async fn metrics(State(service): State<Arc<Service>>, request: Request) -> Response {
    post(&service, request, Signal::Metrics).await
}

pub async fn traces(State(service): State<Arc<Service>>, request: Request) -> Response {
    post(&service, request, Signal::Traces).await
}

async fn post(service: &Arc<Service>, request: Request, signal: Signal) -> Response {
    let encoding = match media_type(request.headers()).as_deref() {
        Some(PROTOBUF | "application/protobuf") => Ok(Encoding::Protobuf),
        Some(JSON) => Ok(Encoding::Json),
        _ => Err(OtlpError::ContentType),
    };
    // Who sends neither can read JSON at least.
    let said = *encoding.as_ref().unwrap_or(&Encoding::Json);
    match answer(service, request, encoding, signal).await {
        Ok(outcome) => match said {
            Encoding::Protobuf => response(StatusCode::OK, PROTOBUF, outcome.to_protobuf()),
            Encoding::Json => response(StatusCode::OK, JSON, outcome.to_json(signal).into_bytes()),
        },
        Err(error) => refusal(&error, said),
    }
}

async fn answer(
    service: &Arc<Service>,
    request: Request,
    encoding: Result<Encoding, OtlpError>,
    signal: Signal,
) -> Result<Outcome, OtlpError> {
    let (parts, body) = request.into_parts();
    let workspace = workspace(service, &parts.headers)?;
    let encoding = encoding?;
    let limits = &service.api.limits;
    let place = service.place().map_err(|_| OtlpError::Crowded { max: limits.requests_max })?;
    let body = service.read(body, &parts.headers, limits.otlp_bytes_max).await.map_err(OtlpError::Body)?;
    let outcome = take(service, workspace, body, encoding, signal).await;
    drop(place);
    outcome
}

fn refusal(error: &OtlpError, encoding: Encoding) -> Response {
    let told = error.told();
    let mut response = match encoding {
        Encoding::Protobuf => response(told.status, PROTOBUF, error.to_protobuf()),
        Encoding::Json => response(told.status, JSON, error.to_json().into_bytes()),
    };
    let headers = response.headers_mut();
    if told.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vidimus\""));
    }
    if let Some(seconds) = told.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn response(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
