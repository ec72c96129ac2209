//! The body of a request, within limits.

use crate::Limits;
use crate::error::ApiError;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::GzDecoder;
use futures::StreamExt;
use std::io::Read;

/// Reads a body, unpacking it where it is packed.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limits: &Limits) -> Result<Vec<u8>, ApiError> {
    let max = limits.body_bytes_max;
    let gathered = tokio::time::timeout(limits.body_timeout, gather(body, max)).await;
    let bytes = gathered.map_err(|_| ApiError::TooSlow)??;
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"" | b"identity") => Ok(bytes),
        Some(b"gzip") => unpack(&bytes, max),
        Some(_) => Err(ApiError::Malformed("the body may be packed by gzip only".to_string())),
    }
}

async fn gather(body: Body, max: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| ApiError::Malformed("the body broke off".to_string()))?;
        if bytes.len() + part.len() > max {
            return Err(ApiError::TooLarge { max });
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn unpack(packed: &[u8], max: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there is more.
    let mut reader = GzDecoder::new(packed).take(max as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(|_| ApiError::Malformed("the body is no gzip".to_string()))?;
    if bytes.len() > max { Err(ApiError::TooLarge { max }) } else { Ok(bytes) }
}
