//! Messages on their way into the store.

use std::sync::Arc;
use std::time::Duration;

use files::{Rejected, Rejection};
use ingest::{IngestError, Vault};
use listeners::syslog::{Inlet, Received};
use sequencer::SubmitError;
use stdx::Clock;
use tokio::time::{Instant, timeout_at};

use super::records::{Made, records_of};
use crate::error::ApiError;

/// How long messages are gathered at most before they are taken, and how many bytes of them about.
const GATHER_TIME: Duration = Duration::from_millis(50);
const GATHER_BYTES: usize = 1 << 20;
/// Pause after a failure that is not said to be over soon.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes messages into a workspace.
pub struct Intake {
    pub vault: Arc<Vault>,
    pub workspace: String,
    /// The name of this host.
    pub collector: String,
    pub clock: Arc<dyn Clock>,
    pub report: Arc<dyn IntakeReport>,
}

/// Whoever tells those who run the server what holds messages up.
pub trait IntakeReport: Send + Sync {
    /// Messages cannot be taken now, and are tried again.
    fn held_up(&self, why: &str);
}

/// What is handed to the store at once.
#[derive(Clone)]
enum Part {
    Records { table: String, body: Arc<str> },
    Rejected(Arc<[Rejected]>),
}

impl Intake {
    /// Takes messages until no more come.
    pub async fn run(self, mut inlet: Inlet) {
        while let Some(first) = inlet.next().await {
            let batch = gather(first, &mut inlet).await;
            self.take(batch).await;
        }
    }

    /// Takes messages, however long that takes: their senders have to wait meanwhile.
    async fn take(&self, batch: Vec<Received>) {
        let (collector, now) = (self.collector.clone(), self.clock.now_ticks());
        let batch = Arc::new(batch);
        let read = batch.clone();
        let reading = tokio::task::spawn_blocking(move || records_of(&read, &collector, now));
        // What no record can be made of for a fault of ours is kept as it came.
        let Made { tables, rejected } = reading.await.unwrap_or_else(|_| unread(&batch));
        let records = tables.into_iter().map(|(table, body)| Part::Records { table, body: Arc::from(body) });
        let rejected = (!rejected.is_empty()).then(|| Part::Rejected(Arc::from(rejected)));
        let id = uuid::Uuid::new_v4();
        let parts = records.chain(rejected).enumerate();
        futures::future::join_all(parts.map(|(n, part)| self.hand_in(part, format!("syslog/{id}/{n}")))).await;
        // Only now is there room for others.
        drop(batch);
    }

    /// Hands a part to the store until that has it. `name` is that of the request: each part has its own, because what is rejected of
    /// records goes to the quarantine under it too.
    async fn hand_in(&self, mut part: Part, mut name: String) {
        loop {
            let error = match self.try_hand_in(part.clone(), name.clone()).await {
                Ok(()) => return,
                Err(ApiError::Ingest(error)) => error,
                Err(error) => {
                    tokio::time::sleep(self.hold_up(&error)).await;
                    continue;
                }
            };
            let pause = match (&error, &part) {
                (IngestError::Busy { retry_after_ms, .. }, _) => Duration::from_millis(*retry_after_ms),
                (error, Part::Records { table, body }) if is_final(error) => {
                    let why = format!("the table `{table}` does not take it: {}", stdx::error_chain(error));
                    part = Part::Rejected(rejected_lines(body, &why).into());
                    name.push_str("/rejected");
                    continue;
                }
                _ => self.hold_up(&ApiError::Ingest(error)),
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn hold_up(&self, error: &ApiError) -> Duration {
        self.report.held_up(&error.message());
        PAUSE
    }

    /// Hands a part to the store under a name, so that it is taken once only.
    async fn try_hand_in(&self, part: Part, name: String) -> Result<(), ApiError> {
        let (vault, workspace) = (self.vault.clone(), self.workspace.clone());
        let submit = move || match part {
            Part::Records { table, body } => vault.take(&workspace, &table, body.as_bytes(), Some(&name)),
            Part::Rejected(rejected) => {
                let content: Vec<u8> = rejected.iter().flat_map(|rejected| rejected.raw.iter().copied()).collect();
                vault.quarantine(&workspace, "syslog", rejected.to_vec(), Some((&name, &content)))
            }
        };
        let pending = tokio::task::spawn_blocking(submit).await.map_err(|_| ApiError::Internal)?;
        pending.map_err(ApiError::Ingest)?.finish().await.map_err(ApiError::Ingest)?;
        Ok(())
    }
}

/// Waits for further messages for a while, or until there are many.
async fn gather(first: Received, inlet: &mut Inlet) -> Vec<Received> {
    let end = Instant::now() + GATHER_TIME;
    let mut n_bytes = first.n_bytes;
    let mut batch = vec![first];
    while n_bytes < GATHER_BYTES
        && let Ok(Some(next)) = timeout_at(end, inlet.next()).await
    {
        n_bytes += next.n_bytes;
        batch.push(next);
    }
    batch
}

/// Returns whether the same records would fail again, however often they are handed in.
fn is_final(error: &IngestError) -> bool {
    matches!(
        error,
        IngestError::OwnTable { .. }
            | IngestError::Seal(_)
            | IngestError::Columns(_)
            | IngestError::Submit(SubmitError::TooLarge { .. })
    )
}

/// Makes rejects of records.
fn rejected_lines(body: &str, why: &str) -> Vec<Rejected> {
    let lines = body.lines().enumerate().map(|(n, line)| Rejected {
        position: n as u64,
        reason: Rejection::Malformed,
        detail: why.to_string(),
        raw: line.as_bytes().to_vec(),
    });
    lines.collect()
}

/// Makes rejects of messages that could not be read.
fn unread(batch: &[Received]) -> Made {
    let messages =
        batch.iter().flat_map(|received| received.messages.iter().map(move |message| (received.peer, message)));
    let rejected = messages.enumerate().map(|(n, (peer, message))| Rejected {
        position: n as u64,
        reason: Rejection::Malformed,
        detail: format!("internal error while it was read (from {peer})"),
        raw: message.bytes.clone(),
    });
    Made { tables: Vec::new(), rejected: rejected.collect() }
}
