//! What is published, for those who carry it on: they wait for checkpoints, bring cosignatures back, and may stop the signing.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tlog::note::SignedNote;

use crate::error::Stop;
use crate::sequencer::Shared;

/// A published checkpoint with cosignatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    pub workspace: String,
    /// The log's signatures and cosignatures, all of them verified.
    pub note: SignedNote,
    /// Whether the cosignatures are those of a quorum.
    pub has_quorum: bool,
}

/// What was published since the last look.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// What to give next time.
    pub number: u64,
    /// The newest checkpoint of each workspace's log that has a new one. All of it is durable.
    pub checkpoints: Vec<(String, Arc<SignedNote>)>,
    /// Nothing is published any more.
    pub is_closed: bool,
}

/// The published checkpoints of a [`crate::Sequencer`]. Clones see the same; they do not keep the sequencer running.
#[derive(Clone)]
pub struct Publications(pub(crate) Arc<Shared>);

impl Publications {
    /// Waits until there is something new after the news with a number, 0 for all there is, but at most so long.
    pub fn wait(&self, number: u64, timeout: Duration) -> News {
        self.0.board.wait(number, timeout)
    }

    /// Lets a checkpoint that carries cosignatures be published in the place of the same one without them, some time later. One with a
    /// quorum is kept besides until the next one has a quorum, see [`crate::witnessed_path`].
    pub fn cosigned(&self, cosigned: Cosigned) {
        self.0.take_cosigned(cosigned);
    }

    /// Stops the signing. What is being committed may still be.
    pub fn stop(&self, stop: Stop) {
        self.0.take_stop(stop);
    }
}

/// Where the publisher shows what it has published.
#[derive(Default)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    number: u64,
    /// The newest checkpoint by workspace, and the number of its news.
    logs: BTreeMap<String, (u64, Arc<SignedNote>)>,
    is_closed: bool,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn show(&self, checkpoints: BTreeMap<String, Arc<SignedNote>>) {
        if checkpoints.is_empty() {
            return;
        }
        let mut state = self.state();
        state.number += 1;
        let number = state.number;
        state.logs.extend(checkpoints.into_iter().map(|(workspace, note)| (workspace, (number, note))));
        drop(state);
        self.changed.notify_all();
    }

    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    fn wait(&self, number: u64, timeout: Duration) -> News {
        let is_old = |state: &mut State| state.number <= number && !state.is_closed;
        let waited = self.changed.wait_timeout_while(self.state(), timeout, is_old);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_new = |(_, (of, _)): &(&String, &(u64, Arc<SignedNote>))| *of > number;
        let checkpoints = state.logs.iter().filter(is_new);
        News {
            number: state.number,
            checkpoints: checkpoints.map(|(workspace, (_, note))| (workspace.clone(), note.clone())).collect(),
            is_closed: state.is_closed,
        }
    }
}
