//! What becomes of a request's records: on their way, taken, answered.

use std::sync::Arc;

use files::{Rejected, Rejection};
use futures::channel::oneshot;
use sequencer::{Receipt, SubmitError};

use crate::error::IngestError;
use crate::table::Table;
use crate::vault::submit_error;

/// What became of a request's records.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub taken: u64,
    /// Records that went to the quarantine, with their reasons.
    pub rejected: Vec<Rejected>,
    /// Where the records are that were taken: one receipt for each batch.
    pub receipts: Vec<tlog::Receipt>,
    /// Where the rejected records are.
    pub quarantine_receipts: Vec<tlog::Receipt>,
}

impl Answer {
    /// Counts the rejected records by reason.
    pub fn reasons(&self) -> Vec<(Rejection, u64)> {
        let count =
            |reason: Rejection| self.rejected.iter().filter(|rejected| rejected.reason == reason).count() as u64;
        Rejection::ALL.into_iter().map(|reason| (reason, count(reason))).filter(|(_, n)| *n > 0).collect()
    }
}

/// Records on their way. They are taken when [`Pending::finish`] says so.
pub struct Pending {
    pub(crate) answers: Vec<oneshot::Receiver<Result<Receipt, SubmitError>>>,
    pub(crate) n_taken: u64,
    /// How many of `answers` are about records that were taken.
    pub(crate) n_batches: usize,
    pub(crate) rejected: Vec<Rejected>,
    pub(crate) table: Arc<Table>,
}

/// Records that are durable, signed for, and visible to queries.
pub struct Taken {
    /// One for each batch, first those of records that were taken; whoever carries them further, such as to witnesses, replaces them.
    pub receipts: Vec<Receipt>,
    n_taken: u64,
    /// How many of the receipts are about records that were taken.
    n_batches: usize,
    rejected: Vec<Rejected>,
}

impl Pending {
    /// Waits until the records are durable, signed for, and visible to queries.
    ///
    /// # Errors
    /// When they are not all: then the request can be sent again under its id, and what was taken is not taken twice.
    pub async fn finish(self) -> Result<Answer, IngestError> {
        self.commit().await.map(Taken::into_answer)
    }

    /// As [`Pending::finish`], for those who carry the receipts further before they answer.
    ///
    /// # Errors
    /// As [`Pending::finish`].
    pub async fn commit(self) -> Result<Taken, IngestError> {
        let mut receipts = Vec::new();
        for answer in self.answers {
            let stopped = |_| SubmitError::Stopped(sequencer::Stop::Internal("the sequencer is gone".to_string()));
            receipts.push(answer.await.map_err(stopped).and_then(|answer| answer).map_err(submit_error)?);
        }
        // Joining small batches is this caller's work, not that of the thread that commits.
        let _ = self.table.state().hot.settle();
        Ok(Taken { receipts, n_taken: self.n_taken, n_batches: self.n_batches, rejected: self.rejected })
    }
}

impl Taken {
    /// Returns what the sender is told.
    pub fn into_answer(self) -> Answer {
        let to_sender = |receipt: &Receipt| {
            let count = receipt.records.end.saturating_sub(receipt.records.start);
            receipt.to_sender(0, count)
        };
        let mut receipts: Vec<tlog::Receipt> = self.receipts.iter().map(to_sender).collect();
        let quarantine_receipts = receipts.split_off(self.n_batches.min(receipts.len()));
        Answer { taken: self.n_taken, rejected: self.rejected, receipts, quarantine_receipts }
    }
}
