//! Records of messages.

use files::{Rejected, Rejection};
use listeners::syslog::{Fault, Received};
use sources::{Arrival, Output, Reason};

/// What became of messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// Records by table, one JSON object a line.
    pub tables: Vec<(String, String)>,
    pub rejected: Vec<Rejected>,
}

/// Makes records of messages; `collector` is this host's name, and `now` when they came.
pub(super) fn records_of(batch: &[Received], collector: &str, now: i64) -> Made {
    let (mut out, mut rejected) = (Output::default(), Vec::new());
    let mut position = 0;
    for received in batch {
        let peer = received.peer.to_string();
        for message in &received.messages {
            match message.fault {
                None => sources::syslog_message(&message.bytes, Arrival { peer: &peer, collector, now }, &mut out),
                Some(fault) => {
                    let (reason, detail) = said(fault);
                    rejected.push(Rejected {
                        position,
                        reason,
                        detail: of(&peer, &detail),
                        raw: message.bytes.clone(),
                    });
                }
            }
            for reject in out.take_rejects() {
                let reason = match reject.reason {
                    Reason::Malformed => Rejection::Malformed,
                    Reason::Oversized => Rejection::Oversized,
                    Reason::Encoding => Rejection::Encoding,
                };
                rejected.push(Rejected { position, reason, detail: of(&peer, &reject.detail), raw: reject.raw });
            }
            position += 1;
        }
    }
    let tables = out.take_tables().into_iter().map(|(table, batch)| (table, batch.body)).collect();
    Made { tables, rejected }
}

/// Says who sent what is wrong.
fn of(peer: &str, detail: &str) -> String {
    format!("{detail} (from {peer})")
}

fn said(fault: Fault) -> (Rejection, String) {
    match fault {
        Fault::Oversized { length } => {
            (Rejection::Oversized, format!("the message has {length} bytes, more than a message may have"))
        }
        Fault::Unfinished { length: Some(length) } => {
            (Rejection::Malformed, format!("the connection was over before the message of {length} bytes was"))
        }
        Fault::Unfinished { length: None } => {
            (Rejection::Malformed, "the connection was over before the message was".to_string())
        }
    }
}
