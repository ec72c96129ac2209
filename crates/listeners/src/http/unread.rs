//! What a router leaves of a request's body unread, as when it refuses the request by its headers.
//!
//! A server that closes a connection on which its client still writes resets it, and the client may never see the answer.
//! So the rest is taken, when it is short and comes soon.

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes that are taken at most: more than a usual query, and little to read for nothing.
const DISCARDED_BYTES_MAX: usize = 256 << 10;
/// How long the rest may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// A body that the router and the connection share.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Incoming>>);

impl Shared {
    pub fn new(body: Incoming) -> Shared {
        Shared(Arc::new(Mutex::new(body)))
    }

    /// Takes what is left, within limits.
    pub async fn discard(mut self) {
        let rest = async move {
            let mut bytes = 0;
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > DISCARDED_BYTES_MAX {
                    break;
                }
            }
        };
        // What comes later ends with the connection.
        let _ = tokio::time::timeout(DISCARD_TIMEOUT, rest).await;
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
