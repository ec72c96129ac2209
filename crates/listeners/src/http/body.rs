//! The body of a request, within limits.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use std::io::Read;
use std::time::Duration;

/// Bytes that are set aside for a body before any of it has come.
const SET_ASIDE_MAX: usize = 8 << 20;
/// The bytes with which what is packed by gzip begins.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// What a body may be.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes at most, packed and unpacked.
    pub bytes_max: usize,
    /// How long it may take to arrive.
    pub timeout: Duration,
}

/// Why a body is not taken; the client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the request's body is larger than {max} bytes")]
    TooLarge { max: usize },
    #[error("the request's body did not arrive in time")]
    TooSlow,
    #[error("the body broke off")]
    Broken,
    #[error("the body is no gzip")]
    NoGzip,
    #[error("the body may be packed by gzip only")]
    Encoding,
}

/// Reads a body, unpacking it where its headers say that it is packed.
///
/// # Errors
/// When it is too large, too slow, or not what its headers say.
pub async fn read_body(body: Body, headers: &HeaderMap, limits: BodyLimits) -> Result<Vec<u8>, BodyError> {
    let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let bytes = gather_body(body, said, limits).await?;
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"" | b"identity") => Ok(bytes),
        Some(b"gzip") => unpack(&bytes, limits.bytes_max),
        Some(_) => Err(BodyError::Encoding),
    }
}

/// Reads a body as it comes; `said` is how long its sender says that it is.
///
/// # Errors
/// When it is too large or too slow.
pub async fn gather_body(body: Body, said: Option<usize>, limits: BodyLimits) -> Result<Vec<u8>, BodyError> {
    let gathered = tokio::time::timeout(limits.timeout, gather(body, said.unwrap_or(0), limits.bytes_max)).await;
    gathered.map_err(|_| BodyError::TooSlow)?
}

/// Unpacks a body that begins as what is packed by gzip does, whatever is said of it. Takes a while: not for a thread of a runtime.
///
/// # Errors
/// When it is larger than `bytes_max`, or broken.
pub fn unpack_body(bytes: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    if bytes.starts_with(GZIP_MAGIC) { unpack(&bytes, bytes_max) } else { Ok(bytes) }
}

async fn gather(body: Body, said: usize, max: usize) -> Result<Vec<u8>, BodyError> {
    // Space is set aside for what is announced, but no more than a client could send in a moment.
    let mut bytes = Vec::with_capacity(said.min(max).min(SET_ASIDE_MAX));
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| BodyError::Broken)?;
        if bytes.len() + part.len() > max {
            return Err(BodyError::TooLarge { max });
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn unpack(packed: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells that there is more.
    let mut reader = MultiGzDecoder::new(packed).take(max as u64 + 1);
    reader.read_to_end(&mut bytes).map_err(|_| BodyError::NoGzip)?;
    if bytes.len() > max { Err(BodyError::TooLarge { max }) } else { Ok(bytes) }
}
