//! A receipt that waits for its witnesses.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sequencer::{Level, Receipt};
use tlog::note::SignedNote;

/// A receipt that becomes [`Level::Witnessed`] once a quorum has cosigned a checkpoint that covers its entry.
///
/// A thread calls [`WitnessTicket::wait`]; a task awaits it and falls back to [`WitnessTicket::committed`] when it takes too long. Either
/// gets a receipt in any case: the level says what has been reached.
pub struct WitnessTicket {
    committed: Receipt,
    slot: Arc<Slot>,
}

/// What the one who waits and the one who answers share.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<SlotState>,
    answered: Condvar,
}

#[derive(Default)]
struct SlotState {
    /// The cosigned checkpoint; `Some(None)` when there will be none.
    answer: Option<Option<Arc<SignedNote>>>,
    waker: Option<Waker>,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers with the cosigned checkpoint, or that nobody waits for it any more.
    pub fn answer(&self, checkpoint: Option<Arc<SignedNote>>) {
        let mut state = self.state();
        state.answer.get_or_insert(checkpoint);
        let waker = state.waker.take();
        drop(state);
        self.answered.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl WitnessTicket {
    pub(crate) fn new(committed: Receipt, slot: Arc<Slot>) -> WitnessTicket {
        WitnessTicket { committed, slot }
    }

    /// Returns the receipt as it was: committed, and not known to be witnessed yet.
    pub fn committed(&self) -> &Receipt {
        &self.committed
    }

    /// Waits for the witnesses, but at most so long.
    pub fn wait(self, timeout: Duration) -> Receipt {
        let is_open = |state: &mut SlotState| state.answer.is_none();
        let waited = self.slot.answered.wait_timeout_while(self.slot.state(), timeout, is_open);
        let answer = waited.unwrap_or_else(PoisonError::into_inner).0.answer.clone();
        receipt(&self.committed, answer.flatten())
    }
}

impl Future for WitnessTicket {
    type Output = Receipt;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Receipt> {
        let mut state = self.slot.state();
        match state.answer.clone() {
            Some(answer) => Poll::Ready(receipt(&self.committed, answer)),
            None => {
                state.waker = Some(ctx.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn receipt(committed: &Receipt, witnessed: Option<Arc<SignedNote>>) -> Receipt {
    match witnessed {
        Some(checkpoint) => Receipt { level: Level::Witnessed, checkpoint, ..committed.clone() },
        None => committed.clone(),
    }
}
