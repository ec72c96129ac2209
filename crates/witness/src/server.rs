//! The witness's HTTP interface, after C2SP tlog-witness, for any listener.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use stdx::error_chain;
use tlog::witness::WitnessRefusal;
use tokio::time::timeout;

use crate::error::AddError;
use crate::witness::Witness;

/// The longest request in bytes: 63 hashes of 45 bytes, and a checkpoint with 16 signatures of 3.3 kB, as ML-DSA-44 makes them.
pub const REQUEST_BYTES_MAX: usize = 64 << 10;

/// How long the body of a request may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the routes: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint`.
pub fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(latest_checkpoint))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Body) -> Response {
    let body = match timeout(BODY_TIMEOUT, to_bytes(body, REQUEST_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let why = format!("the request is longer than {REQUEST_BYTES_MAX} bytes or incomplete");
            return text(StatusCode::PAYLOAD_TOO_LARGE, why);
        }
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "the request took too long".to_string()),
    };
    // It waits for the disk, and for others who ask about the same log.
    match tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await {
        Ok(Ok(cosignatures)) => text(StatusCode::OK, cosignatures),
        Ok(Err(AddError::Refused(WitnessRefusal::OtherOldSize { size }))) => {
            let headers = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, headers, format!("{size}\n")).into_response()
        }
        Ok(Err(error)) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            text(status, with_causes(&error))
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "internal error".to_string()),
    }
}

async fn latest_checkpoint(State(witness): State<Arc<Witness>>, Path(origin_hash): Path<String>) -> Response {
    match tokio::task::spawn_blocking(move || witness.checkpoint(&origin_hash)).await {
        Ok(Some(note)) => text(StatusCode::OK, note),
        Ok(None) => text(StatusCode::NOT_FOUND, "no checkpoint of this log was cosigned\n".to_string()),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n".to_string()),
    }
}

fn text(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

fn with_causes(error: &dyn std::error::Error) -> String {
    error_chain(error) + "\n"
}
