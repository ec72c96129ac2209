//! An answer that is on its way, for threads that wait and for tasks that do not.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::{Stop, SubmitError};
use crate::request::Receipt;

type Answer = Result<Receipt, SubmitError>;

/// A submission whose answer is on its way. A thread calls [`Ticket::wait`], a task awaits it.
pub struct Ticket(Arc<Slot>);

#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    answered: Condvar,
}

#[derive(Default)]
struct SlotState {
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for the answer.
    pub fn wait(self) -> Answer {
        let mut state = self.0.state();
        loop {
            match state.answer.take() {
                Some(answer) => return answer,
                None => state = self.0.answered.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Future for Ticket {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.0.state();
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(ctx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Whom to tell the answer. It is told even when the one who should know it is gone.
pub(crate) struct Completer(Option<Box<dyn FnOnce(Answer) + Send>>);

impl Completer {
    /// Makes a completer that calls back.
    pub fn callback(callback: impl FnOnce(Answer) + Send + 'static) -> Completer {
        Completer(Some(Box::new(callback)))
    }

    /// Makes a completer for a ticket.
    pub fn ticket() -> (Completer, Ticket) {
        let slot = Arc::new(Slot::default());
        let ticket = Ticket(slot.clone());
        let complete = move |answer| {
            let mut state = slot.state();
            state.answer = Some(answer);
            let waker = state.waker.take();
            drop(state);
            slot.answered.notify_all();
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        (Completer::callback(complete), ticket)
    }

    pub fn complete(mut self, answer: Answer) {
        if let Some(callback) = self.0.take() {
            callback(answer);
        }
    }
}

impl Completer {
    /// Tells nobody: the one who submitted has the answer already.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        if let Some(callback) = self.0.take() {
            callback(Err(SubmitError::Stopped(Stop::Internal("the sequencer is gone".to_string()))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_ever() {
        let (completer, ticket) = Completer::ticket();
        drop(completer);
        assert!(matches!(ticket.wait(), Err(SubmitError::Stopped(Stop::Internal(_)))));
    }

    #[test]
    fn a_task_is_woken() {
        let (completer, mut ticket) = Completer::ticket();
        let mut ctx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut ticket).poll(&mut ctx).is_pending());
        completer.complete(Err(SubmitError::RequestReused));
        assert_eq!(Pin::new(&mut ticket).poll(&mut ctx), Poll::Ready(Err(SubmitError::RequestReused)));
    }
}
