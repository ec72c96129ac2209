//! Records with what is said beside them, to the server's event collector, which finds the table for the name that goes with them.

use super::native::rejected;
use super::{CHUNK_BYTES, Chunk, Name, Summary, Target, chunk_name, send};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sources::{Reason, Reject};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::SyncSender;

/// Where events go, in a workspace.
const COLLECTOR: &str = "hec/services/collector/event";
/// Events of a request at most.
const EVENTS_MAX: u64 = 20_000;
/// What the quarantine says that lost ones are of.
const UNKNOWN: &str = "unknown";

/// What is no record.
#[derive(Deserialize)]
struct Lost {
    lost: String,
    why: String,
}

/// Sends a file of events, a line each.
pub fn import(target: &Target<'_>, path: &Path, name: &Name<'_>) -> anyhow::Result<Summary> {
    if target.ack != "committed" {
        bail!(
            "records of no known format do not wait for witnesses: name their format by --source, or leave out --ack"
        );
    }
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut sending = Sending { name, n_chunks: 0, events: Vec::new(), n_events: 0, lost: Vec::new(), n_bytes_lost: 0 };
    send(target, |chunks| sending.run(BufReader::new(file), chunks))
}

struct Sending<'a> {
    name: &'a Name<'a>,
    n_chunks: u64,
    events: Vec<u8>,
    n_events: u64,
    lost: Vec<Reject>,
    n_bytes_lost: usize,
}

impl Sending<'_> {
    fn run(&mut self, mut lines: impl BufRead, chunks: &SyncSender<Chunk>) -> anyhow::Result<()> {
        let mut line = Vec::new();
        for position in 0.. {
            line.clear();
            if lines.read_until(b'\n', &mut line).context("cannot read what was kept")? == 0 {
                break;
            }
            if line.starts_with(b"{\"lost\":") {
                let Lost { lost, why } = serde_json::from_slice(&line).context("what was kept is damaged")?;
                let raw = STANDARD.decode(lost).context("what was kept is damaged")?;
                self.n_bytes_lost += raw.len();
                self.lost.push(Reject { position, reason: Reason::Malformed, detail: why, raw });
                if self.n_bytes_lost > CHUNK_BYTES && !self.send_lost(chunks) {
                    return Ok(());
                }
                continue;
            }
            let is_full = self.n_events > 0 && self.events.len() + line.len() > CHUNK_BYTES;
            if (is_full || self.n_events == EVENTS_MAX) && !self.send_events(chunks) {
                return Ok(());
            }
            self.events.extend_from_slice(&line);
            self.n_events += 1;
        }
        // Whoever takes them tells why he does not.
        let _ = (self.n_events == 0 || self.send_events(chunks)) && (self.lost.is_empty() || self.send_lost(chunks));
        Ok(())
    }

    /// Hands on the events that are there; returns whether somebody still sends.
    fn send_events(&mut self, chunks: &SyncSender<Chunk>) -> bool {
        let name = self.next_name();
        let body = std::mem::take(&mut self.events);
        let n_records = Some(std::mem::take(&mut self.n_events));
        chunks.send(Chunk { path: COLLECTOR.to_string(), name, body, n_records }).is_ok()
    }

    fn send_lost(&mut self, chunks: &SyncSender<Chunk>) -> bool {
        let name = self.next_name();
        self.n_bytes_lost = 0;
        chunks.send(rejected(name, UNKNOWN, std::mem::take(&mut self.lost))).is_ok()
    }

    fn next_name(&mut self) -> String {
        self.n_chunks += 1;
        chunk_name(&format!("events:{}", self.n_chunks), self.name)
    }
}
