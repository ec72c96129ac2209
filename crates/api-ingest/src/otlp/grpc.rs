//! OTLP/gRPC: the methods `Export` of the three collector services, on a listener that speaks HTTP/2.
//!
//! Each is one message in and one out, so that gRPC is little more than five bytes before them and a status behind: it is done here, within
//! the limits of bodies and times that all other endpoints have.
//!
//! # Source
//! "gRPC over HTTP2" (PROTOCOL-HTTP2.md): length-prefixed messages, trailers, trailers-only answers, percent-encoded messages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper::body::Frame;
use listeners::http::{BodyLimits, gather_body, unpack_body};

use super::status::OtlpError;
use super::take::{Outcome, take, workspace};
use super::wire::{Encoding, Signal};
use crate::service::{Service, media_type};

/// Before a message: whether it is packed, and its length.
const PREFIX_BYTES: usize = 5;
const GRPC: &str = "application/grpc";

/// Returns the routes of the services.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(logs))
        .route("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", post(metrics))
        .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", post(traces))
        .fallback(async || refusal(&OtlpError::NoMethod))
        .with_state(service)
}

async fn logs(State(service): State<Arc<Service>>, request: Request) -> Response {
    export(&service, request, Signal::Logs).await
}

async fn metrics(State(service): State<Arc<Service>>, request: Request) -> Response {
    export(&service, request, Signal::Metrics).await
}

async fn traces(State(service): State<Arc<Service>>, request: Request) -> Response {
    export(&service, request, Signal::Traces).await
}

async fn export(service: &Arc<Service>, request: Request, signal: Signal) -> Response {
    match answer(service, request, signal).await {
        Ok(outcome) => {
            let message = outcome.to_protobuf();
            let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
            let framed = [&[0][..], &length, &message].concat();
            response(Body::new(Message { data: Some(framed.into()), is_over: false }))
        }
        Err(error) => refusal(&error),
    }
}

async fn answer(service: &Arc<Service>, request: Request, signal: Signal) -> Result<Outcome, OtlpError> {
    let (parts, body) = request.into_parts();
    let workspace = workspace(service, &parts.headers)?;
    // What web pages can send without being asked has another type.
    let is_grpc = media_type(&parts.headers).is_some_and(|media| media == GRPC || media == "application/grpc+proto");
    if !is_grpc {
        return Err(OtlpError::Frame("the content type has to be `application/grpc`"));
    }
    let limits = &service.api.limits;
    let place = service.place().map_err(|_| OtlpError::Crowded { max: limits.requests_max })?;
    let bytes_max = limits.otlp_bytes_max;
    let of_body = BodyLimits { bytes_max: bytes_max.saturating_add(PREFIX_BYTES), timeout: limits.body_timeout };
    let framed = gather_body(body, None, of_body).await.map_err(OtlpError::Body)?;
    let message = message(framed, parts.headers.get("grpc-encoding"), bytes_max)?;
    let outcome = take(service, workspace, message, Encoding::Protobuf, signal).await;
    drop(place);
    outcome
}

/// Returns the one message of a request.
fn message(mut framed: Vec<u8>, encoding: Option<&HeaderValue>, bytes_max: usize) -> Result<Vec<u8>, OtlpError> {
    let Some(([packed, length @ ..], rest)) = framed.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(OtlpError::Frame("the request has no message"));
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if rest.len() != length {
        return Err(OtlpError::Frame("the request has to be one whole message"));
    }
    let packed = *packed;
    framed.drain(..PREFIX_BYTES);
    match (packed, encoding.map(HeaderValue::as_bytes)) {
        (0, _) => Ok(framed),
        (1, Some(b"gzip")) if framed.starts_with(b"\x1f\x8b") => {
            unpack_body(framed, bytes_max).map_err(OtlpError::Body)
        }
        (1, Some(b"gzip")) => Err(OtlpError::Frame("the message is no gzip")),
        (1, Some(_)) => Err(OtlpError::Packed),
        _ => Err(OtlpError::Frame("the message is packed in no way that is said")),
    }
}

fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    headers.insert(HeaderName::from_static("grpc-accept-encoding"), HeaderValue::from_static("identity,gzip"));
    response
}

/// Answers without a message: HTTP's status is 200 all the same.
fn refusal(error: &OtlpError) -> Response {
    let mut response = response(Body::empty());
    let headers = response.headers_mut();
    headers.insert(STATUS, HeaderValue::from(error.told().code as u16));
    let mut insert = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    insert("grpc-message", percent_encoded(&error.message()));
    insert("grpc-status-details-bin", STANDARD_NO_PAD.encode(error.to_protobuf()));
    response
}

const STATUS: HeaderName = HeaderName::from_static("grpc-status");

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => encoded.push_str(&format!("%{byte:02X}")),
            byte => encoded.push(char::from(byte)),
        }
    }
    encoded
}

/// A message, and that all is well.
struct Message {
    data: Option<Bytes>,
    is_over: bool,
}

impl HttpBody for Message {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        self.is_over = true;
        let mut trailers = HeaderMap::new();
        trailers.insert(STATUS, HeaderValue::from(0));
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}
