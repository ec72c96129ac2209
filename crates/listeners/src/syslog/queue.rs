//! Messages that wait to be taken: so many bytes of them, and who sends more has to wait.

use super::{Message, Transport};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Bytes that a message takes beside its own.
const OVERHEAD_BYTES: usize = 64;

/// Messages of one sender. The room that they take is free again when they are let go of.
#[derive(Debug)]
pub struct Received {
    pub peer: IpAddr,
    pub transport: Transport,
    pub messages: Vec<Message>,
    /// Bytes of the messages, and what they take beside those.
    pub n_bytes: usize,
    _room: OwnedSemaphorePermit,
    _counted: Counted,
}

/// How many messages wait or are being taken.
#[derive(Debug, Clone, Default)]
pub struct Held(Arc<AtomicU64>);

impl Held {
    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Counted(Held, u64);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(self.1, Ordering::AcqRel);
    }
}

/// Where a listener puts messages.
#[derive(Debug, Clone)]
pub struct Outlet {
    waiting: mpsc::UnboundedSender<Received>,
    room: Arc<Semaphore>,
    room_bytes: u32,
    held: Held,
}

/// Where messages come out, in the order in which they came in.
#[derive(Debug)]
pub struct Inlet {
    waiting: mpsc::UnboundedReceiver<Received>,
    held: Held,
}

/// Makes a queue with one outlet for datagrams and one for connections: each has `room_bytes` of its own, so that neither takes the
/// other's.
pub fn queue(room_bytes: u32) -> ([Outlet; 2], Inlet) {
    let (sender, waiting) = mpsc::unbounded_channel();
    let held = Held::default();
    let outlet = || Outlet {
        waiting: sender.clone(),
        room: Arc::new(Semaphore::new(room_bytes as usize)),
        room_bytes,
        held: held.clone(),
    };
    ([outlet(), outlet()], Inlet { waiting, held: held.clone() })
}

impl Outlet {
    /// Puts messages of one sender into the queue, once there is room for them.
    pub async fn put(&self, peer: IpAddr, transport: Transport, messages: Vec<Message>) {
        if messages.is_empty() {
            return;
        }
        let n_bytes = messages.iter().map(|message| message.bytes.len() + OVERHEAD_BYTES).sum::<usize>();
        // What is larger than the queue has it for itself.
        let asked = u32::try_from(n_bytes).unwrap_or(u32::MAX).min(self.room_bytes);
        // Nobody closes the room.
        let Ok(room) = self.room.clone().acquire_many_owned(asked).await else { return };
        let n = messages.len() as u64;
        self.held.0.fetch_add(n, Ordering::AcqRel);
        let counted = Counted(self.held.clone(), n);
        // When nobody takes them any more, the server has stopped waiting for it.
        let _ = self.waiting.send(Received { peer, transport, messages, n_bytes, _room: room, _counted: counted });
    }
}

impl Inlet {
    /// Waits for the next messages; `None` when all listeners have ended.
    pub async fn next(&mut self) -> Option<Received> {
        self.waiting.recv().await
    }

    /// Returns how many messages wait or are being taken.
    pub fn held(&self) -> Held {
        self.held.clone()
    }
}
