//! Where an answer's bytes go: held until there are many or the answer is whole, then to the client as they are made.
//!
//! ```text
//! encoder ─► Buffer ─ up to HELD_BYTES_MAX: held ─────────► Reply::Whole, once its record is written
//!                   └ more: record, then Reply::Begun ─► parts, as fast as the client takes them
//! ```

use crate::error::ApiError;
use axum::body::Bytes;
use futures::Stream;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use stdx::Cancel;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Bytes of an answer that are held back: most answers are shorter, and need one audit record only.
const HELD_BYTES_MAX: usize = 1 << 20;
/// Bytes of a part, about.
const PART_BYTES: usize = 64 << 10;
/// Parts that may wait for the client.
const WAITING_PARTS: usize = 2;

/// What becomes of a request once its query runs.
pub(crate) enum Reply {
    Refused(ApiError),
    Whole(Bytes),
    Begun(Parts),
}

/// The client does not read on.
#[derive(Debug)]
pub(crate) struct Gone;

/// A piece of a long answer. An answer whose last part is not `End` is cut off, and the connection says so.
enum Part {
    Bytes(Bytes),
    End,
}

/// What the encoder writes to.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn take(&self) -> Bytes {
        Bytes::from(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The way of one answer to its client, for the thread that makes it.
pub(crate) struct Outlet {
    buffer: Buffer,
    reply: Option<oneshot::Sender<Reply>>,
    parts: Option<mpsc::Sender<Part>>,
    handle: Handle,
    /// How long the client may take to make room for a part.
    read_timeout: Duration,
}

impl Outlet {
    pub fn new(reply: oneshot::Sender<Reply>, handle: Handle, read_timeout: Duration) -> Outlet {
        Outlet { buffer: Buffer::default(), reply: Some(reply), parts: None, handle, read_timeout }
    }

    /// Returns what the encoder is to write to.
    pub fn buffer(&self) -> Buffer {
        self.buffer.clone()
    }

    /// Returns whether nothing has left yet.
    pub fn holds_all(&self) -> bool {
        self.parts.is_none()
    }

    /// Returns whether so much is held that the answer must begin to leave.
    pub fn is_full(&self) -> bool {
        self.holds_all() && self.buffer.len() > HELD_BYTES_MAX
    }

    /// Lets the answer begin to leave: what is held now, the rest by [`Outlet::pass`].
    pub fn begin(&mut self) -> Result<(), Gone> {
        let (sender, receiver) = mpsc::channel(WAITING_PARTS);
        let reply = self.reply.take().ok_or(Gone)?;
        reply.send(Reply::Begun(Parts { parts: receiver, ended: false, cancel: None })).map_err(|_| Gone)?;
        self.parts = Some(sender);
        self.send_held()
    }

    /// Sends what was written, when the answer has begun to leave and there is enough.
    pub fn pass(&mut self) -> Result<(), Gone> {
        if self.holds_all() || self.buffer.len() < PART_BYTES { Ok(()) } else { self.send_held() }
    }

    /// Sends what is left and ends the answer.
    pub fn finish(mut self) -> Result<(), Gone> {
        match self.reply.take() {
            Some(reply) => reply.send(Reply::Whole(self.buffer.take())).map_err(|_| Gone),
            None => {
                self.send_held()?;
                self.send(Part::End)
            }
        }
    }

    /// Refuses the request; for as long as nothing has left.
    pub fn refuse(mut self, error: ApiError) {
        if let Some(reply) = self.reply.take() {
            // Whoever is gone needs no answer.
            let _ = reply.send(Reply::Refused(error));
        }
    }

    fn send_held(&mut self) -> Result<(), Gone> {
        let bytes = self.buffer.take();
        if bytes.is_empty() { Ok(()) } else { self.send(Part::Bytes(bytes)) }
    }

    fn send(&mut self, part: Part) -> Result<(), Gone> {
        let parts = self.parts.as_ref().ok_or(Gone)?;
        let sent = self.handle.block_on(async { tokio::time::timeout(self.read_timeout, parts.send(part)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

/// The parts of a long answer, for the connection.
pub(crate) struct Parts {
    parts: mpsc::Receiver<Part>,
    ended: bool,
    cancel: Option<CancelOnDrop>,
}

impl Parts {
    /// Ties the query to the answer: a client that leaves ends it.
    pub fn cancelling(mut self, cancel: CancelOnDrop) -> Parts {
        self.cancel = Some(cancel);
        self
    }
}

impl Stream for Parts {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let part = match futures::ready!(self.parts.poll_recv(cx)) {
            Some(Part::Bytes(bytes)) => return Poll::Ready(Some(Ok(bytes))),
            Some(Part::End) => None,
            None => Some(Err(std::io::Error::other("the answer is cut off"))),
        };
        self.ended = true;
        Poll::Ready(part)
    }
}

/// Stops a query when whoever waits for it stops waiting.
pub(crate) struct CancelOnDrop(pub Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
