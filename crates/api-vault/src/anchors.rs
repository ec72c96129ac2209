//! How far records have to come before a request is answered: the header `Vidimus-Ack`.
//!
//! | value | answered when |
//! |---|---|
//! | `committed`, the default | the records are durable and under a signed checkpoint that is durable with them |
//! | `witnessed` | besides, a quorum of witnesses has cosigned a checkpoint that covers them |

use std::time::{Duration, Instant};

use anchors::{Timestamps, Witnesses};
use axum::http::HeaderMap;
use sequencer::{Level, Receipt};
use tokio::time::timeout_at;

use crate::error::ApiError;

/// The name of the header.
const ACK: &str = "vidimus-ack";

/// Those to whom the logs are tied.
pub struct Anchors {
    pub witnesses: Option<Witnesses>,
    pub timestamps: Option<Timestamps>,
    /// How long a request that asks for it waits for a quorum of the witnesses.
    pub witness_wait: Duration,
}

/// What a request wants to wait for.
pub(crate) enum Ack<'a> {
    Committed,
    Witnessed(&'a Witnesses, Duration),
}

impl Anchors {
    /// Returns what a request asks for.
    pub(crate) fn ack(&self, headers: &HeaderMap) -> Result<Ack<'_>, ApiError> {
        let mut values = headers.get_all(ACK).iter();
        let (value, more) = (values.next(), values.next());
        let text = value.map_or(Some("committed"), |value| value.to_str().ok()).filter(|_| more.is_none());
        match (text.map(str::trim), &self.witnesses) {
            (Some("committed"), _) => Ok(Ack::Committed),
            (Some("witnessed"), Some(witnesses)) => Ok(Ack::Witnessed(witnesses, self.witness_wait)),
            (Some("witnessed"), None) => {
                Err(ApiError::Malformed("`Vidimus-Ack: witnessed`: this server has no witnesses".to_string()))
            }
            _ => Err(ApiError::Malformed("`Vidimus-Ack` is `committed` or `witnessed`, once".to_string())),
        }
    }
}

impl Ack<'_> {
    /// Returns the name of what is waited for.
    pub fn name(&self) -> &'static str {
        match self {
            Ack::Committed => "committed",
            Ack::Witnessed(..) => "witnessed",
        }
    }

    /// Brings receipts as far as the request asks. In any case they are as good as they were, and better where witnesses have answered.
    ///
    /// # Errors
    /// Why they have not come that far.
    pub async fn bring(&self, workspace: &str, receipts: &mut [Receipt]) -> Result<(), String> {
        let Ack::Witnessed(witnesses, wait) = self else { return Ok(()) };
        let begun = Instant::now();
        let deadline = begun.checked_add(*wait).unwrap_or(begun).into();
        for receipt in receipts.iter_mut() {
            let ticket = witnesses.ticket(workspace, receipt.clone());
            if let Ok(brought) = timeout_at(deadline, ticket).await {
                *receipt = brought;
            }
        }
        if receipts.iter().all(|receipt| receipt.level >= Level::Witnessed) {
            return Ok(());
        }
        Err(match witnesses.stopped() {
            Some(stop) => format!("a witness has stopped the signing: {stop}"),
            None if begun.elapsed() >= *wait => {
                format!("no quorum of witnesses has cosigned them within {} s", wait.as_secs_f64())
            }
            None => "nobody waits for witnesses now: too many requests do, or the server is being stopped".to_string(),
        })
    }
}
